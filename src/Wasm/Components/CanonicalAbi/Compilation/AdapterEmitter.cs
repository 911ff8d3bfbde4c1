using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>The parts that all generated calls have in common.</summary>
internal sealed class AdapterEmitter
{
    private static readonly MethodInfo RefAt = ValueMover.Method(typeof(AbiContext), nameof(AbiContext.RefAt));

    public AdapterEmitter(DynamicMethod method, FunctionShape shape)
    {
        Il = method.GetILGenerator();
        Shape = shape;
        if (shape.HasBorrow)
        {
            Scope = Il.DeclareLocal(typeof(CallScope));
            Il.Emit(OpCodes.Newobj, typeof(CallScope).GetConstructor([])!);
            Il.Emit(OpCodes.Stloc, Scope);
        }

        Mover = new ValueMover(Il, shape, Scope);
    }

    public ILGenerator Il { get; }

    public FunctionShape Shape { get; }

    public LocalBuilder? Scope { get; }

    public ValueMover Mover { get; }

    public ValType? Result => Shape.Type.Result;

    /// <summary>The side whose context and resources two fields of an object have.</summary>
    public Side SideOf(Action pushOwner, Type owner, string context, string resources)
    {
        LocalBuilder contextLocal = Il.DeclareLocal(typeof(AbiContext)), resourcesLocal = Il.DeclareLocal(typeof(RuntimeResourceType[]));
        foreach ((string field, LocalBuilder local) in ((string, LocalBuilder)[])[(context, contextLocal), (resources, resourcesLocal)])
        {
            pushOwner();
            Il.Emit(OpCodes.Ldfld, owner.GetField(field)!);
            Il.Emit(OpCodes.Stloc, local);
        }

        return new Side(contextLocal, resourcesLocal);
    }

    /// <summary>Where the parameters of a lowered function are: its arguments, or the memory that the first one points to.</summary>
    public IReadOnlyList<Place> LoweredParameters(Side from)
    {
        if (Shape.FlatParameters is { } flat)
        {
            FlatSlot[] slots = [.. flat.Select(static (type, i) => new FlatSlot(type, (short)(i + 1), null))];
            return [.. new FlatPlace(slots, 0).Members(Shape.ParameterTuple.Types)];
        }

        return [.. InMemory(from, () => Il.Emit(OpCodes.Ldarg_1), Shape.ParameterTuple).Members(Shape.ParameterTuple.Types)];
    }

    /// <summary>Where the result of a lowered function goes: the memory that its last argument points to, or new locals.</summary>
    public Place LoweredResult(Side to, LocalBuilder? flat)
    {
        if (flat is not null) return new FlatPlace([new FlatSlot(Shape.FlatResults![0], 0, flat)], 0);
        return InMemory(to, () => Il.Emit(OpCodes.Ldarg, (short)Shape.LoweredType.Parameters.Length), Result!);
    }

    /// <summary>Where the arguments of a lifted function go, and how to push them when they are there.</summary>
    public IReadOnlyList<Place> LiftedArguments(Side to, out Action push)
    {
        if (Shape.FlatParameters is { } flat)
        {
            FlatSlot[] slots = [.. flat.Select(type => new FlatSlot(type, 0, Il.DeclareLocal(CoreDelegates.ClrTypeOf(type))))];
            push = () =>
            {
                foreach (FlatSlot slot in slots) slot.Push(Il);
            };
            return [.. new FlatPlace(slots, 0).Members(Shape.ParameterTuple.Types)];
        }

        LocalBuilder pointer = Il.DeclareLocal(typeof(uint));
        to.PushContext(Il);
        Il.Emit(OpCodes.Ldc_I4, Shape.ParameterTuple.Layout.Alignment);
        Il.Emit(OpCodes.Ldc_I4, (int)Shape.ParameterTuple.Layout.Size);
        Il.Emit(OpCodes.Call, ValueMover.Method(typeof(AbiContext), nameof(AbiContext.Allocate)));
        Il.Emit(OpCodes.Stloc, pointer);
        push = () => Il.Emit(OpCodes.Ldloc, pointer);
        return [.. InMemory(to, () => Il.Emit(OpCodes.Ldloc, pointer), Shape.ParameterTuple).Members(Shape.ParameterTuple.Types)];
    }

    /// <summary>Calls a lifted function's core function. Answers the local with its result, if it has one.</summary>
    /// <param name="pushLifted">Pushes the <see cref="LiftedFunction"/>.</param>
    /// <param name="pushArguments">Pushes the core arguments.</param>
    /// <param name="entry">The property of the function that has the delegate to call.</param>
    public LocalBuilder? CallCore(Action pushLifted, Action pushArguments, string entry)
    {
        FunctionType type = Shape.LiftedType;
        LocalBuilder? result = type.Results.Length == 0 ? null : Il.DeclareLocal(CoreDelegates.ClrTypeOf(type.Results[0]));
        Il.BeginExceptionBlock();
        Invoke(pushLifted, entry, Shape.LiftedDelegate, pushArguments);
        if (result is not null) Il.Emit(OpCodes.Stloc, result);
        TrapOnThrow();
        CallOnScope(nameof(CallScope.CheckReturned));
        return result;
    }

    /// <summary>Where the result of a lifted function is.</summary>
    public Place LiftedResult(Side from, LocalBuilder raw) => Shape.FlatResults is not null
        ? new FlatPlace([new FlatSlot(Shape.FlatResults[0], 0, raw)], 0)
        : InMemory(from, () => Il.Emit(OpCodes.Ldloc, raw), Result!);

    /// <summary>Lets the callee clean up.</summary>
    public void PostReturn(Action pushLifted, LocalBuilder? raw)
    {
        Label none = Il.DefineLabel();
        pushLifted();
        Il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), nameof(AdapterRuntime.BeginPostReturn)));
        Il.Emit(OpCodes.Brfalse, none);
        var type = new FunctionType(Shape.LiftedType.Results, []);
        Il.BeginExceptionBlock();
        Invoke(pushLifted, nameof(LiftedFunction.PostReturnDelegate), CoreDelegates.TypeOf(type), () =>
        {
            if (raw is not null) Il.Emit(OpCodes.Ldloc, raw);
        });
        TrapOnThrow();
        pushLifted();
        Il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), nameof(AdapterRuntime.EndPostReturn)));
        Il.MarkLabel(none);
    }

    public void CallOnScope(string method)
    {
        if (Scope is null) return;
        Il.Emit(OpCodes.Ldloc, Scope);
        Il.Emit(OpCodes.Call, ValueMover.Method(typeof(CallScope), method));
    }

    private void Invoke(Action pushLifted, string property, Type delegateType, Action pushArguments)
    {
        pushLifted();
        Il.Emit(OpCodes.Call, typeof(LiftedFunction).GetProperty(property)!.GetMethod!);
        Il.Emit(OpCodes.Castclass, delegateType);
        pushArguments();
        Il.Emit(OpCodes.Callvirt, delegateType.GetMethod("Invoke")!);
    }

    // An exception of the guest's must not reach a guest of another component.
    private void TrapOnThrow()
    {
        Il.BeginCatchBlock(typeof(WasmGuestException));
        Il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), nameof(AdapterRuntime.TrapOnThrow)));
        Il.EndExceptionBlock();
    }

    private MemoryPlace InMemory(Side side, Action pushPointer, ValType type)
    {
        LocalBuilder address = Il.DeclareLocal(typeof(byte).MakeByRefType());
        side.PushContext(Il);
        pushPointer();
        Il.Emit(OpCodes.Ldc_I4, (int)type.Layout.Size);
        Il.Emit(OpCodes.Ldc_I4, type.Layout.Alignment);
        Il.Emit(OpCodes.Call, RefAt);
        Il.Emit(OpCodes.Stloc, address);
        return new MemoryPlace(address, 0);
    }
}
