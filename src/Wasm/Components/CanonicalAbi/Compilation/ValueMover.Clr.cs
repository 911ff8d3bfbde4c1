using System.Reflection;
using System.Reflection.Emit;
using System.Text;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>Values between a guest and the CLR's types.</summary>
internal sealed partial class ValueMover
{
    /// <summary>Pushes a guest's value as one of the CLR.</summary>
    public void Lift(ClrMapping mapping, Place source, Side from)
    {
        switch (mapping)
        {
            case NumberMapping number: LoadPrimitive(number.Primitive.Kind, source); break;
            case CharMapping:
                LoadPrimitive(PrimitiveKind.Char, source);
                il.Emit(OpCodes.Newobj, typeof(Rune).GetConstructor([typeof(int)])!);
                break;
            case StringMapping:
                PushList(source, from);
                il.Emit(OpCodes.Call, Method(typeof(Strings), nameof(Strings.Lift)));
                break;
            case ByteSpanMapping:
                PushList(source, from);
                il.Emit(OpCodes.Call, Method(typeof(Lists), nameof(Lists.View)));
                break;
            case NumberArrayMapping numbers:
                PushList(source, from);
                il.Emit(OpCodes.Ldc_I4, (int)ElementOf(numbers.Type).Layout.Size);
                il.Emit(OpCodes.Call, Method(typeof(Lists), nameof(Lists.Lift)).MakeGenericMethod(numbers.Item));
                break;
            case ArrayMapping array: LiftArray(array, source, from); break;
            case RecordMapping record: LiftRecord(record, source, from); break;
            case EnumMapping { Type: FlagsType flags } mapped:
                LoadFlags(flags, source);
                ConvertToEnum(mapped.Clr);
                break;
            case EnumMapping mapped:
                il.Emit(OpCodes.Ldloc, LoadCase(((EnumType)mapped.Type).Labels.Count, source));
                ConvertToEnum(mapped.Clr);
                break;
            case VariantMapping variant: LiftVariant(variant, source, from); break;
            case OptionMapping option: LiftOption(option, source, from); break;
            case ResultMapping result: LiftResult(result, source, from); break;
            case HandleMapping handle:
                LiftHandle(handle.Handle, source, from);
                from.PushResource(il, shape.OrdinalOf(handle.Handle));
                il.Emit(handle.Handle.IsOwn ? OpCodes.Ldc_I4_1 : OpCodes.Ldc_I4_0);
                il.Emit(OpCodes.Call, Method(typeof(HostResources), nameof(HostResources.ToObject)));
                il.Emit(OpCodes.Castclass, handle.Clr);
                break;
        }
    }

    /// <summary>Writes a value of the CLR's to where a guest wants it.</summary>
    public void Lower(ClrMapping mapping, LocalBuilder value, Place target, Side to)
    {
        switch (mapping)
        {
            case NumberMapping number: target.Store(il, ScalarOf(number.Primitive.Kind), () => il.Emit(OpCodes.Ldloc, value)); break;
            case CharMapping:
                target.Store(il, Scalar.I32, () =>
                {
                    il.Emit(OpCodes.Ldloca, value);
                    il.Emit(OpCodes.Call, typeof(Rune).GetProperty(nameof(Rune.Value))!.GetMethod!);
                });
                break;
            case StringMapping: LowerString(value, target, to); break;
            case ByteSpanMapping or NumberArrayMapping: LowerNumbers(mapping, value, target, to); break;
            case ArrayMapping array: LowerArray(array, value, target, to); break;
            case RecordMapping record: LowerRecord(record, value, target, to); break;
            case EnumMapping { Type: FlagsType flags }:
                target.Store(il, FlagsScalar(flags), () =>
                {
                    PushEnum(value);
                    il.Emit(OpCodes.Ldc_I4, flags.Labels.Count);
                    il.Emit(OpCodes.Call, Method(typeof(HostResources), nameof(HostResources.CheckFlags)));
                });
                break;
            case EnumMapping labels: LowerEnum((EnumType)labels.Type, value, target); break;
            case VariantMapping variant: LowerVariant(variant, value, target, to); break;
            case OptionMapping option: LowerOption(option, value, target, to); break;
            case ResultMapping result: LowerResult(result, value, target, to); break;
            case HandleMapping handle:
                target.Store(il, Scalar.I32, () => LowerHandle(
                    handle.Handle,
                    () =>
                    {
                        il.Emit(OpCodes.Ldloc, value);
                        to.PushResource(il, shape.OrdinalOf(handle.Handle));
                        il.Emit(handle.Handle.IsOwn ? OpCodes.Ldc_I4_1 : OpCodes.Ldc_I4_0);
                        il.Emit(OpCodes.Call, Method(typeof(HostResources), nameof(HostResources.ToRepresentation)));
                    },
                    to));
                break;
        }
    }

    private static ValType ElementOf(ValType list) => list is MapType map ? new TupleType([map.Key, map.Value]) : ((ListType)list).Element;

    private void PushList(Place source, Side from)
    {
        from.PushContext(il);
        source.Load(il, Scalar.I32);
        source.SecondWord.Load(il, Scalar.I32);
    }

    private void LiftArray(ArrayMapping mapping, Place source, Side from)
    {
        ValType element = ElementOf(mapping.Type);
        LocalBuilder length = il.DeclareLocal(typeof(uint)), array = il.DeclareLocal(mapping.Clr), item = il.DeclareLocal(typeof(byte).MakeByRefType());
        if (mapping.Type is ListType { Length: { } count })
        {
            il.Emit(OpCodes.Ldc_I4, (int)count);
            il.Emit(OpCodes.Stloc, length);
            NewArray(mapping, array, length, from);
            if (count <= Flattening.MaxParameters)
            {
                for (int i = 0; i < count; i++) SetItem(mapping, array, () => il.Emit(OpCodes.Ldc_I4, i), source.Element(element, i), from);
                il.Emit(OpCodes.Ldloc, array);
                return;
            }

            ((MemoryPlace)source).PushAddress(il);
            il.Emit(OpCodes.Stloc, item);
        }
        else
        {
            source.SecondWord.Load(il, Scalar.I32);
            il.Emit(OpCodes.Stloc, length);
            from.PushContext(il);
            source.Load(il, Scalar.I32);
            il.Emit(OpCodes.Ldloc, length);
            PushSizeAndAlignment(element);
            il.Emit(OpCodes.Call, ListRefAt);
            il.Emit(OpCodes.Stloc, item);
            NewArray(mapping, array, length, from);
        }

        ForEach(length, index =>
        {
            SetItem(mapping, array, () => il.Emit(OpCodes.Ldloc, index), new MemoryPlace(item, 0), from);
            Advance(item, element);
        });
        il.Emit(OpCodes.Ldloc, array);
    }

    private void NewArray(ArrayMapping mapping, LocalBuilder array, LocalBuilder length, Side from)
    {
        from.PushContext(il);
        il.Emit(OpCodes.Ldloc, length);
        il.Emit(OpCodes.Ldc_I4, (int)Math.Min(BytesOf(mapping.Item), int.MaxValue));
        il.Emit(OpCodes.Call, Method(typeof(AbiContext), nameof(AbiContext.ChargeItems)));
        il.Emit(OpCodes.Ldloc, length);
        il.Emit(OpCodes.Newarr, mapping.Item.Clr);
        il.Emit(OpCodes.Stloc, array);
    }

    /// <summary>Roughly the bytes of a value, without those of strings and arrays in it, which are counted as they are made.</summary>
    private static long BytesOf(ClrMapping? mapping) => mapping switch
    {
        RecordMapping record => (record.Clr.IsValueType ? 0 : 24) + record.Members.Sum(BytesOf),
        VariantMapping variant => 64 + variant.Payloads.Max(BytesOf),
        OptionMapping option => 8 + BytesOf(option.Payload),
        ResultMapping result => 8 + BytesOf(result.Ok) + BytesOf(result.Error),
        HandleMapping => 48,
        null => 0,
        _ => 8,
    };

    private void SetItem(ArrayMapping mapping, LocalBuilder array, Action pushIndex, Place source, Side from)
    {
        LocalBuilder lifted = il.DeclareLocal(mapping.Item.Clr);
        Lift(mapping.Item, source, from);
        il.Emit(OpCodes.Stloc, lifted);
        il.Emit(OpCodes.Ldloc, array);
        pushIndex();
        il.Emit(OpCodes.Ldloc, lifted);
        il.Emit(OpCodes.Stelem, mapping.Item.Clr);
    }

    private void LiftRecord(RecordMapping mapping, Place source, Side from)
    {
        Place[] sources = MembersOf(mapping, source);
        var members = new LocalBuilder[sources.Length];
        for (int i = 0; i < sources.Length; i++)
        {
            members[i] = il.DeclareLocal(mapping.Members[i].Clr);
            Lift(mapping.Members[i], sources[i], from);
            il.Emit(OpCodes.Stloc, members[i]);
        }

        foreach (LocalBuilder member in members) il.Emit(OpCodes.Ldloc, member);
        il.Emit(OpCodes.Newobj, mapping.Constructor);
    }

    // The rest of a long tuple lies right behind its first seven members, whatever its own alignment as a tuple would be.
    private static Place[] MembersOf(RecordMapping mapping, Place place)
    {
        if (mapping.Members.Length == 8 && mapping.Members[7] is RecordMapping { Type: TupleType rest } && mapping.Type is TupleType whole && whole.Types.Count > 7)
        {
            Place[] all = [.. place.Members(whole.Types)];
            return [.. all[..7], new TailPlace(all[7..])];
        }

        if (place is TailPlace tail) return tail.Places.Length == mapping.Members.Length ? tail.Places : [.. tail.Places[..7], new TailPlace(tail.Places[7..])];
        return [.. place.Members(mapping.Type is RecordType record ? record.Fields.Select(static field => field.Type) : ((TupleType)mapping.Type).Types)];
    }

    private void ConvertToEnum(Type clr)
    {
        if (Enum.GetUnderlyingType(clr) is var width && (width == typeof(long) || width == typeof(ulong))) il.Emit(OpCodes.Conv_U8);
    }

    private void PushEnum(LocalBuilder value)
    {
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Conv_I4);
    }

    private void LiftVariant(VariantMapping mapping, Place source, Side from)
    {
        LocalBuilder payload = il.DeclareLocal(typeof(object)), number = LoadCase(mapping.Payloads.Length, source);
        il.Emit(OpCodes.Ldnull);
        il.Emit(OpCodes.Stloc, payload);
        Place place = source.Payload(PayloadsOf(mapping.Type));
        Switch(number, mapping.Payloads.Length, i => mapping.Payloads[i] is not null, i =>
        {
            Lift(mapping.Payloads[i]!, place, from);
            if (mapping.Payloads[i]!.Clr.IsValueType) il.Emit(OpCodes.Box, mapping.Payloads[i]!.Clr);
            il.Emit(OpCodes.Stloc, payload);
        });
        il.Emit(OpCodes.Ldloc, number);
        il.Emit(OpCodes.Ldloc, payload);
        il.Emit(OpCodes.Call, VariantAccess.Create(mapping.Clr));
    }

    private void LiftOption(OptionMapping mapping, Place source, Side from)
    {
        LocalBuilder result = il.DeclareLocal(mapping.Clr), number = LoadCase(2, source);
        // A local keeps what the round before left in it.
        il.Emit(OpCodes.Ldloca, result);
        il.Emit(OpCodes.Initobj, mapping.Clr);
        Place place = source.Payload(PayloadsOf(mapping.Type));
        Switch(number, 2, static i => i == 1, _ =>
        {
            Lift(mapping.Payload, place, from);
            if (mapping.Clr.IsValueType) il.Emit(OpCodes.Newobj, mapping.Clr.GetConstructors()[0]);
            il.Emit(OpCodes.Stloc, result);
        });
        il.Emit(OpCodes.Ldloc, result);
    }

    private void LiftResult(ResultMapping mapping, Place source, Side from)
    {
        LocalBuilder result = il.DeclareLocal(mapping.Clr), number = LoadCase(2, source);
        Place place = source.Payload(PayloadsOf(mapping.Type));
        Type[] parts = mapping.Clr.GetGenericArguments();
        Switch(number, 2, static _ => true, i =>
        {
            if ((i == 0 ? mapping.Ok : mapping.Error) is { } part)
            {
                Lift(part, place, from);
            }
            else
            {
                LocalBuilder nothing = il.DeclareLocal(parts[i]);
                il.Emit(OpCodes.Ldloc, nothing);
            }

            il.Emit(OpCodes.Call, mapping.Clr.GetMethod(i == 0 ? "FromValue" : "FromError")!);
            il.Emit(OpCodes.Stloc, result);
        });
        il.Emit(OpCodes.Ldloc, result);
    }

    private void LowerString(LocalBuilder value, Place target, Side to)
    {
        LocalBuilder pointer = il.DeclareLocal(typeof(uint)), length = il.DeclareLocal(typeof(uint));
        to.PushContext(il);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloca, length);
        il.Emit(OpCodes.Call, Method(typeof(Strings), nameof(Strings.Lower)));
        il.Emit(OpCodes.Stloc, pointer);
        StorePair(target, pointer, length);
    }

    private void LowerNumbers(ClrMapping mapping, LocalBuilder value, Place target, Side to)
    {
        Type item = mapping is NumberArrayMapping numbers ? numbers.Item : typeof(byte);
        Type span = typeof(ReadOnlySpan<>).MakeGenericType(item);
        LocalBuilder pointer = il.DeclareLocal(typeof(uint)), length = il.DeclareLocal(typeof(uint)), view = il.DeclareLocal(span);
        il.Emit(OpCodes.Ldloc, value);
        if (mapping is NumberArrayMapping) il.Emit(OpCodes.Newobj, span.GetConstructor([item.MakeArrayType()])!);
        il.Emit(OpCodes.Stloc, view);
        to.PushContext(il);
        il.Emit(OpCodes.Ldloc, view);
        il.Emit(OpCodes.Ldc_I4, (int)ElementOf(mapping.Type).Layout.Size);
        il.Emit(OpCodes.Call, Method(typeof(Lists), nameof(Lists.Lower)).MakeGenericMethod(item));
        il.Emit(OpCodes.Stloc, pointer);
        il.Emit(OpCodes.Ldloca, view);
        il.Emit(OpCodes.Call, span.GetProperty("Length")!.GetMethod!);
        il.Emit(OpCodes.Stloc, length);
        StorePair(target, pointer, length);
    }

    private void LowerArray(ArrayMapping mapping, LocalBuilder value, Place target, Side to)
    {
        ValType element = ElementOf(mapping.Type);
        if (mapping.Type is ListType { Length: { } count })
        {
            il.Emit(OpCodes.Ldloc, value);
            il.Emit(OpCodes.Ldc_I4, (int)count);
            il.Emit(OpCodes.Call, Method(typeof(HostResources), nameof(HostResources.CheckLength)));
            if (count <= Flattening.MaxParameters)
            {
                for (int i = 0; i < count; i++)
                {
                    int place = i;
                    Lower(mapping.Item, Item(mapping, value, () => il.Emit(OpCodes.Ldc_I4, place)), target.Element(element, i), to);
                }

                return;
            }

            LocalBuilder address = AddressOf((MemoryPlace)target), items = il.DeclareLocal(typeof(uint));
            il.Emit(OpCodes.Ldc_I4, (int)count);
            il.Emit(OpCodes.Stloc, items);
            ForEach(items, index =>
            {
                Lower(mapping.Item, Item(mapping, value, () => il.Emit(OpCodes.Ldloc, index)), new MemoryPlace(address, 0), to);
                Advance(address, element);
            });
            return;
        }

        LocalBuilder pointer = il.DeclareLocal(typeof(uint)), length = il.DeclareLocal(typeof(uint));
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldlen);
        il.Emit(OpCodes.Conv_U4);
        il.Emit(OpCodes.Stloc, length);
        LocalBuilder targetItem = EmitAllocateList(element, length, to, pointer);
        ForEach(length, index =>
        {
            Lower(mapping.Item, Item(mapping, value, () => il.Emit(OpCodes.Ldloc, index)), new MemoryPlace(targetItem, 0), to);
            Advance(targetItem, element);
        });
        StorePair(target, pointer, length);
    }

    private LocalBuilder Item(ArrayMapping mapping, LocalBuilder array, Action pushIndex)
    {
        LocalBuilder item = il.DeclareLocal(mapping.Item.Clr);
        il.Emit(OpCodes.Ldloc, array);
        pushIndex();
        il.Emit(OpCodes.Ldelem, mapping.Item.Clr);
        il.Emit(OpCodes.Stloc, item);
        return item;
    }

    private void LowerRecord(RecordMapping mapping, LocalBuilder value, Place target, Side to)
    {
        Place[] targets = MembersOf(mapping, target);
        for (int i = 0; i < targets.Length; i++)
        {
            LocalBuilder member = il.DeclareLocal(mapping.Members[i].Clr);
            if (mapping.Clr.IsValueType) il.Emit(OpCodes.Ldloca, value);
            else il.Emit(OpCodes.Ldloc, value);
            if (mapping.Readers[i] is FieldInfo field) il.Emit(OpCodes.Ldfld, field);
            else il.Emit(mapping.Clr.IsValueType ? OpCodes.Call : OpCodes.Callvirt, ((PropertyInfo)mapping.Readers[i]).GetMethod!);
            il.Emit(OpCodes.Stloc, member);
            Lower(mapping.Members[i], member, targets[i], to);
        }
    }

    private void LowerEnum(EnumType type, LocalBuilder value, Place target)
    {
        LocalBuilder number = il.DeclareLocal(typeof(int));
        PushEnum(value);
        il.Emit(OpCodes.Ldc_I4, type.Labels.Count);
        il.Emit(OpCodes.Call, Method(typeof(HostResources), nameof(HostResources.CheckEnum)));
        il.Emit(OpCodes.Stloc, number);
        StoreCase(PayloadsOf(type), target, number);
    }

    private void LowerVariant(VariantMapping mapping, LocalBuilder value, Place target, Side to)
    {
        ValType?[] payloads = PayloadsOf(mapping.Type);
        LocalBuilder number = il.DeclareLocal(typeof(int));
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Call, VariantAccess.Case(mapping.Clr));
        il.Emit(OpCodes.Ldc_I4, payloads.Length);
        il.Emit(OpCodes.Call, Method(typeof(HostResources), nameof(HostResources.CheckEnum)));
        il.Emit(OpCodes.Stloc, number);
        StoreCase(payloads, target, number);
        Place place = target.Payload(payloads);
        Switch(number, payloads.Length, i => payloads[i] is not null, i =>
        {
            LocalBuilder payload = il.DeclareLocal(mapping.Payloads[i]!.Clr);
            il.Emit(OpCodes.Ldloc, value);
            il.Emit(OpCodes.Call, VariantAccess.Payload(mapping.Clr));
            il.Emit(OpCodes.Unbox_Any, mapping.Payloads[i]!.Clr);
            il.Emit(OpCodes.Stloc, payload);
            Lower(mapping.Payloads[i]!, payload, place, to);
        });
    }

    private void LowerOption(OptionMapping mapping, LocalBuilder value, Place target, Side to)
    {
        ValType?[] payloads = PayloadsOf(mapping.Type);
        LocalBuilder number = il.DeclareLocal(typeof(int));
        if (mapping.Clr.IsValueType)
        {
            il.Emit(OpCodes.Ldloca, value);
            il.Emit(OpCodes.Call, mapping.Clr.GetProperty("HasValue")!.GetMethod!);
        }
        else
        {
            il.Emit(OpCodes.Ldloc, value);
            il.Emit(OpCodes.Ldnull);
            il.Emit(OpCodes.Cgt_Un);
        }

        il.Emit(OpCodes.Stloc, number);
        StoreCase(payloads, target, number);
        Place place = target.Payload(payloads);
        Switch(number, 2, static i => i == 1, _ =>
        {
            LocalBuilder payload = value;
            if (mapping.Clr.IsValueType)
            {
                payload = il.DeclareLocal(mapping.Payload.Clr);
                il.Emit(OpCodes.Ldloca, value);
                il.Emit(OpCodes.Call, mapping.Clr.GetMethod("GetValueOrDefault", [])!);
                il.Emit(OpCodes.Stloc, payload);
            }

            Lower(mapping.Payload, payload, place, to);
        });
    }

    private void LowerResult(ResultMapping mapping, LocalBuilder value, Place target, Side to)
    {
        ValType?[] payloads = PayloadsOf(mapping.Type);
        LocalBuilder number = il.DeclareLocal(typeof(int));
        il.Emit(OpCodes.Ldloca, value);
        il.Emit(OpCodes.Call, mapping.Clr.GetProperty("IsError")!.GetMethod!);
        il.Emit(OpCodes.Stloc, number);
        StoreCase(payloads, target, number);
        Place place = target.Payload(payloads);
        Switch(number, 2, i => payloads[i] is not null, i =>
        {
            ClrMapping part = i == 0 ? mapping.Ok! : mapping.Error!;
            LocalBuilder payload = il.DeclareLocal(part.Clr);
            il.Emit(OpCodes.Ldloca, value);
            il.Emit(OpCodes.Call, mapping.Clr.GetProperty(i == 0 ? "Value" : "Error")!.GetMethod!);
            il.Emit(OpCodes.Stloc, payload);
            Lower(part, payload, place, to);
        });
    }

    /// <summary>The places of the rest of a long tuple.</summary>
    private sealed class TailPlace(Place[] places) : Place
    {
        public Place[] Places { get; } = places;

        public override Place SecondWord => throw Unused();

        public override void Load(ILGenerator il, Scalar scalar) => throw Unused();

        public override void Store(ILGenerator il, Scalar scalar, Action push) => throw Unused();

        public override IEnumerable<Place> Members(IEnumerable<ValType> types) => Places;

        public override Place Element(ValType type, int index) => throw Unused();

        public override Place Payload(IReadOnlyList<ValType?> payloads) => throw Unused();

        public override void ClearPayload(ILGenerator il, IReadOnlyList<ValType?> payloads) => throw Unused();

        private static InvalidOperationException Unused() => new("the rest of a tuple is never a value of its own");
    }
}
