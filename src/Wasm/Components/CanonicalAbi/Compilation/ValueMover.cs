using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>
/// Generates the code that moves values of one call (Canonical ABI, "Loading", "Storing", "Flat Lifting" and "Flat Lowering"): from guest to guest
/// here, between a guest and the CLR's types in the other half.
/// </summary>
/// <param name="il">The method's code.</param>
/// <param name="shape">The function.</param>
/// <param name="scope">The call's <see cref="CallScope"/>; none where the function has no borrowed handles.</param>
internal sealed partial class ValueMover(ILGenerator il, FunctionShape shape, LocalBuilder? scope)
{
    private static readonly MethodInfo ListRefAt = Method(typeof(AbiContext), nameof(AbiContext.ListRefAt));
    private static readonly MethodInfo AllocateList = Method(typeof(AbiContext), nameof(AbiContext.AllocateList));

    /// <summary>A method of generated code's run time.</summary>
    public static MethodInfo Method(Type type, string name) =>
        type.GetMethod(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance)
        ?? throw new InvalidOperationException($"no method {type.Name}.{name}");

    /// <summary>Moves a value from one guest to another.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="source">Where it is.</param>
    /// <param name="from">The side it is lifted from.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="to">The side it is lowered to.</param>
    public void Transfer(ValType type, Place source, Side from, Place target, Side to)
    {
        switch (type)
        {
            case PrimitiveType { Kind: PrimitiveKind.String }: TransferString(source, from, target, to); break;
            case PrimitiveType primitive:
                target.Store(il, ScalarOf(primitive.Kind), () => LoadPrimitive(primitive.Kind, source));
                break;
            case ListType { Length: null } list: TransferList(list.Element, source, from, target, to); break;
            case ListType { Length: { } length } list: TransferFixedList(list.Element, (int)length, source, from, target, to); break;
            case MapType map: TransferList(new TupleType([map.Key, map.Value]), source, from, target, to); break;
            case RecordType record: TransferMembers([.. record.Fields.Select(static field => field.Type)], source, from, target, to); break;
            case TupleType tuple: TransferMembers([.. tuple.Types], source, from, target, to); break;
            case FlagsType flags:
                Scalar width = FlagsScalar(flags);
                target.Store(il, width, () => LoadFlags(flags, source));
                break;
            case HandleType handle: TransferHandle(handle, source, from, target, to); break;
            default: TransferVariant(PayloadsOf(type), source, from, target, to); break;
        }
    }

    /// <summary>The payload types of a variant, enum, option or result by case.</summary>
    public static ValType?[] PayloadsOf(ValType type) => type switch
    {
        VariantType variant => [.. variant.Cases.Select(static one => one.Type)],
        EnumType labels => new ValType?[labels.Labels.Count],
        OptionType option => [null, option.Type],
        ResultType result => [result.Ok, result.Error],
        _ => throw new InvalidOperationException($"{type.GetType().Name} cannot be moved"),
    };

    private static Scalar ScalarOf(PrimitiveKind kind) => kind switch
    {
        PrimitiveKind.Bool or PrimitiveKind.U8 => Scalar.U8,
        PrimitiveKind.S8 => Scalar.S8,
        PrimitiveKind.U16 => Scalar.U16,
        PrimitiveKind.S16 => Scalar.S16,
        PrimitiveKind.U64 or PrimitiveKind.S64 => Scalar.I64,
        PrimitiveKind.F32 => Scalar.F32,
        PrimitiveKind.F64 => Scalar.F64,
        _ => Scalar.I32,
    };

    private static Scalar FlagsScalar(FlagsType flags) => flags.Layout.Size switch { 1 => Scalar.U8, 2 => Scalar.U16, _ => Scalar.I32 };

    /// <summary>Pushes a number, character or truth value that has been checked.</summary>
    private void LoadPrimitive(PrimitiveKind kind, Place source)
    {
        // A flat bool may have any of its 32 bits set.
        source.Load(il, kind == PrimitiveKind.Bool && source is FlatPlace ? Scalar.I32 : ScalarOf(kind));
        switch (kind)
        {
            case PrimitiveKind.Bool:
                il.Emit(OpCodes.Ldc_I4_0);
                il.Emit(OpCodes.Cgt_Un);
                break;
            case PrimitiveKind.Char: il.Emit(OpCodes.Call, Method(typeof(AbiContext), nameof(AbiContext.CheckChar))); break;
        }
    }

    private void LoadFlags(FlagsType flags, Place source)
    {
        source.Load(il, FlagsScalar(flags));
        if (flags.Labels.Count == 32) return;
        il.Emit(OpCodes.Ldc_I4, (1 << flags.Labels.Count) - 1);
        il.Emit(OpCodes.And);
    }

    private void TransferString(Place source, Side from, Place target, Side to)
    {
        LocalBuilder pointer = il.DeclareLocal(typeof(uint)), length = il.DeclareLocal(typeof(uint));
        from.PushContext(il);
        to.PushContext(il);
        source.Load(il, Scalar.I32);
        source.SecondWord.Load(il, Scalar.I32);
        il.Emit(OpCodes.Ldloca, length);
        il.Emit(OpCodes.Call, Method(typeof(Strings), nameof(Strings.Transfer)));
        il.Emit(OpCodes.Stloc, pointer);
        StorePair(target, pointer, length);
    }

    private void StorePair(Place target, LocalBuilder first, LocalBuilder second)
    {
        target.Store(il, Scalar.I32, () => il.Emit(OpCodes.Ldloc, first));
        target.SecondWord.Store(il, Scalar.I32, () => il.Emit(OpCodes.Ldloc, second));
    }

    private void TransferList(ValType element, Place source, Side from, Place target, Side to)
    {
        LocalBuilder length = il.DeclareLocal(typeof(uint)), pointer = il.DeclareLocal(typeof(uint));
        source.SecondWord.Load(il, Scalar.I32);
        il.Emit(OpCodes.Stloc, length);
        if (IsCopiedWhole(element))
        {
            from.PushContext(il);
            to.PushContext(il);
            source.Load(il, Scalar.I32);
            il.Emit(OpCodes.Ldloc, length);
            PushSizeAndAlignment(element);
            il.Emit(OpCodes.Call, Method(typeof(Lists), nameof(Lists.Copy)));
            il.Emit(OpCodes.Stloc, pointer);
        }
        else
        {
            LocalBuilder sourceItem = il.DeclareLocal(typeof(byte).MakeByRefType());
            from.PushContext(il);
            source.Load(il, Scalar.I32);
            il.Emit(OpCodes.Ldloc, length);
            PushSizeAndAlignment(element);
            il.Emit(OpCodes.Call, ListRefAt);
            il.Emit(OpCodes.Stloc, sourceItem);
            LocalBuilder targetItem = EmitAllocateList(element, length, to, pointer);
            ForEach(length, _ =>
            {
                Transfer(element, new MemoryPlace(sourceItem, 0), from, new MemoryPlace(targetItem, 0), to);
                Advance(sourceItem, element);
                Advance(targetItem, element);
            });
        }

        StorePair(target, pointer, length);
    }

    // Answers the local with the address of the first item, which stays where it is however the memory grows (LinearMemory.Slice).
    private LocalBuilder EmitAllocateList(ValType element, LocalBuilder length, Side to, LocalBuilder pointer)
    {
        to.PushContext(il);
        il.Emit(OpCodes.Ldloc, length);
        PushSizeAndAlignment(element);
        il.Emit(OpCodes.Call, AllocateList);
        il.Emit(OpCodes.Stloc, pointer);
        LocalBuilder item = il.DeclareLocal(typeof(byte).MakeByRefType());
        to.PushContext(il);
        il.Emit(OpCodes.Ldloc, pointer);
        il.Emit(OpCodes.Ldloc, length);
        PushSizeAndAlignment(element);
        il.Emit(OpCodes.Call, ListRefAt);
        il.Emit(OpCodes.Stloc, item);
        return item;
    }

    private void Advance(LocalBuilder item, ValType element)
    {
        il.Emit(OpCodes.Ldloc, item);
        il.Emit(OpCodes.Ldc_I4, (int)element.Layout.Size);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, item);
    }

    private void PushSizeAndAlignment(ValType type)
    {
        il.Emit(OpCodes.Ldc_I4, (int)type.Layout.Size);
        il.Emit(OpCodes.Ldc_I4, type.Layout.Alignment);
    }

    private void ForEach(LocalBuilder length, Action<LocalBuilder> body)
    {
        LocalBuilder index = il.DeclareLocal(typeof(int));
        Label test = il.DefineLabel(), again = il.DefineLabel();
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, index);
        il.Emit(OpCodes.Br, test);
        il.MarkLabel(again);
        body(index);
        il.Emit(OpCodes.Ldloc, index);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, index);
        il.MarkLabel(test);
        il.Emit(OpCodes.Ldloc, index);
        il.Emit(OpCodes.Ldloc, length);
        il.Emit(OpCodes.Blt_Un, again);
    }

    // A flat one has at most 16 elements.
    private void TransferFixedList(ValType element, int length, Place source, Side from, Place target, Side to)
    {
        if (source is FlatPlace || target is FlatPlace || length <= Flattening.MaxParameters)
        {
            for (int i = 0; i < length; i++) Transfer(element, source.Element(element, i), from, target.Element(element, i), to);
            return;
        }

        LocalBuilder sourceItem = AddressOf((MemoryPlace)source), targetItem = AddressOf((MemoryPlace)target);
        LocalBuilder count = il.DeclareLocal(typeof(uint));
        il.Emit(OpCodes.Ldc_I4, length);
        il.Emit(OpCodes.Stloc, count);
        ForEach(count, _ =>
        {
            Transfer(element, new MemoryPlace(sourceItem, 0), from, new MemoryPlace(targetItem, 0), to);
            Advance(sourceItem, element);
            Advance(targetItem, element);
        });
    }

    private LocalBuilder AddressOf(MemoryPlace place)
    {
        LocalBuilder address = il.DeclareLocal(typeof(byte).MakeByRefType());
        place.PushAddress(il);
        il.Emit(OpCodes.Stloc, address);
        return address;
    }

    private void TransferMembers(ValType[] types, Place source, Side from, Place target, Side to)
    {
        Place[] sources = [.. source.Members(types)], targets = [.. target.Members(types)];
        for (int i = 0; i < types.Length; i++) Transfer(types[i], sources[i], from, targets[i], to);
    }

    private void TransferVariant(ValType?[] payloads, Place source, Side from, Place target, Side to)
    {
        LocalBuilder number = LoadCase(payloads.Length, source);
        StoreCase(payloads, target, number);
        Place sourcePayload = source.Payload(payloads), targetPayload = target.Payload(payloads);
        Switch(number, payloads.Length, i => payloads[i] is not null, i => Transfer(payloads[i]!, sourcePayload, from, targetPayload, to));
    }

    private LocalBuilder LoadCase(int cases, Place source)
    {
        LocalBuilder number = il.DeclareLocal(typeof(int));
        source.Load(il, source is FlatPlace ? Scalar.I32 : Place.Discriminant(cases));
        il.Emit(OpCodes.Ldc_I4, cases);
        il.Emit(OpCodes.Call, Method(typeof(AbiContext), nameof(AbiContext.CheckCase)));
        il.Emit(OpCodes.Stloc, number);
        return number;
    }

    private void StoreCase(ValType?[] payloads, Place target, LocalBuilder number)
    {
        target.ClearPayload(il, payloads);
        target.Store(il, target is FlatPlace ? Scalar.I32 : Place.Discriminant(payloads.Length), () => il.Emit(OpCodes.Ldloc, number));
    }

    private void Switch(LocalBuilder number, int cases, Func<int, bool> hasCode, Action<int> code)
    {
        Label end = il.DefineLabel();
        int coded = Enumerable.Range(0, cases).Count(hasCode);
        // A variant can have a hundred thousand cases with nothing to do: a table would be larger than what it chooses from.
        if (coded < cases / 4)
        {
            for (int i = 0; i < cases; i++)
            {
                if (!hasCode(i)) continue;
                Label next = il.DefineLabel();
                il.Emit(OpCodes.Ldloc, number);
                il.Emit(OpCodes.Ldc_I4, i);
                il.Emit(OpCodes.Bne_Un, next);
                code(i);
                il.Emit(OpCodes.Br, end);
                il.MarkLabel(next);
            }

            il.MarkLabel(end);
            return;
        }

        var labels = new Label[cases];
        for (int i = 0; i < cases; i++) labels[i] = hasCode(i) ? il.DefineLabel() : end;
        il.Emit(OpCodes.Ldloc, number);
        il.Emit(OpCodes.Switch, labels);
        il.Emit(OpCodes.Br, end);
        for (int i = 0; i < cases; i++)
        {
            if (!hasCode(i)) continue;
            il.MarkLabel(labels[i]);
            code(i);
            il.Emit(OpCodes.Br, end);
        }

        il.MarkLabel(end);
    }

    private void TransferHandle(HandleType handle, Place source, Side from, Place target, Side to)
    {
        LocalBuilder representation = il.DeclareLocal(typeof(Representation));
        LiftHandle(handle, source, from);
        il.Emit(OpCodes.Stloc, representation);
        target.Store(il, Scalar.I32, () => LowerHandle(handle, () => il.Emit(OpCodes.Ldloc, representation), to));
    }

    /// <summary>Pushes the <see cref="Representation"/> behind a handle.</summary>
    private void LiftHandle(HandleType handle, Place source, Side from)
    {
        from.PushContext(il);
        source.Load(il, Scalar.I32);
        from.PushResource(il, shape.OrdinalOf(handle));
        if (!handle.IsOwn) il.Emit(OpCodes.Ldloc, scope!);
        il.Emit(OpCodes.Call, Method(typeof(AbiContext), handle.IsOwn ? nameof(AbiContext.LiftOwn) : nameof(AbiContext.LiftBorrow)));
    }

    /// <summary>Pushes a new handle's index.</summary>
    private void LowerHandle(HandleType handle, Action pushRepresentation, Side to)
    {
        to.PushContext(il);
        pushRepresentation();
        to.PushResource(il, shape.OrdinalOf(handle));
        if (!handle.IsOwn) il.Emit(OpCodes.Ldloc, scope!);
        il.Emit(OpCodes.Call, Method(typeof(AbiContext), handle.IsOwn ? nameof(AbiContext.LowerOwn) : nameof(AbiContext.LowerBorrow)));
    }

    /// <summary>
    /// Whether elements can be copied byte by byte: all bit patterns are values, and there is no padding, which could give away what it is not meant to.
    /// </summary>
    private static bool IsCopiedWhole(ValType type) => type switch
    {
        PrimitiveType primitive => primitive.Kind is not (PrimitiveKind.Bool or PrimitiveKind.Char or PrimitiveKind.String),
        RecordType record => AreCopiedWhole(record.Fields.Select(static field => field.Type), type),
        TupleType tuple => AreCopiedWhole(tuple.Types, type),
        _ => false,
    };

    private static bool AreCopiedWhole(IEnumerable<ValType> members, ValType whole)
    {
        long size = 0;
        foreach (ValType member in members)
        {
            if (!IsCopiedWhole(member)) return false;
            size += member.Layout.Size;
        }

        return size == whole.Layout.Size;
    }
}

/// <summary>One side of a call in generated code.</summary>
/// <param name="context">The local with its <see cref="AbiContext"/>.</param>
/// <param name="resources">The local with its resource types.</param>
internal sealed class Side(LocalBuilder context, LocalBuilder resources)
{
    public void PushContext(ILGenerator il) => il.Emit(OpCodes.Ldloc, context);

    public void PushResource(ILGenerator il, int ordinal)
    {
        il.Emit(OpCodes.Ldloc, resources);
        il.Emit(OpCodes.Ldc_I4, ordinal);
        il.Emit(OpCodes.Ldelem_Ref);
    }
}
