using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>What a host function's code gets as its target.</summary>
internal sealed class HostTarget(Delegate callback, ManagedStore store, FunctionType type)
{
    public readonly Delegate Callback = callback;

    /// <summary>Calls a callback that takes and gives values.</summary>
    public Value[] Call(Value[] arguments)
    {
        Value[] results = ((Func<Value[], Value[]>)Callback)(arguments);
        bool fits = results.Length == type.Results.Length;
        for (int i = 0; fits && i < results.Length; i++) fits = results[i].Kind == type.Results[i].Kind;
        if (!fits) throw new InvalidOperationException($"the host function returned ({string.Join(' ', results)}), its type is {type}");
        for (int i = 0; i < results.Length; i++)
        {
            if (results[i].Kind == ValueKind.Ref)
                ReferenceOperations.CheckFromHost(store, results[i].Reference, type.Results[i], $"result {i + 1} of the host function");
        }

        for (int i = 1; i < results.Length; i++) store.WriteResult(i, results[i]);
        return results;
    }

    /// <summary>Checks the reference that a typed callback returned.</summary>
    public object? CheckedResult(object? reference)
    {
        ReferenceOperations.CheckFromHost(store, reference, type.Results[0], "the result of the host function");
        return reference;
    }
}

/// <summary>Makes functions of the host that compiled code calls as it calls its own. Safe for any thread.</summary>
internal sealed class HostFunctionFactory(ManagedEngine engine)
{
    private readonly ConcurrentDictionary<(Type, string), Type> stubs = new();

    public ManagedFunction Create(ManagedStore store, FunctionType type, Delegate callback)
    {
        if (type.Results.Length > 1)
            throw new ArgumentException($"a typed delegate returns at most one result, the function is {type}", nameof(callback));
        var signature = new ClrSignature(type);
        MethodInfo invoke = callback.GetType().GetMethod("Invoke")!;
        AdapterFactory.CheckFits(signature, invoke, type);
        return Create(store, type, callback, stubs.GetOrAdd((callback.GetType(), signature.Shape), _ => MakeTyped(signature, invoke)));
    }

    public ManagedFunction CreateDynamic(ManagedStore store, FunctionType type, Func<Value[], Value[]> callback)
    {
        var signature = new ClrSignature(type);
        store.ReserveResults(type.Results.Length);
        // The type of the callback itself cannot be meant: a guest has no arrays of values.
        return Create(store, type, callback, stubs.GetOrAdd((typeof(Value[]), signature.Shape), _ => MakeDynamic(signature)));
    }

    private ManagedFunction Create(ManagedStore store, FunctionType type, Delegate callback, Type stub)
    {
        int id = engine.Types.InternFunction(type);
        return new ManagedFunction(engine, store, id, DynamicCode.AddressOf(stub, "call"), new HostTarget(callback, store, type));
    }

    private static Type MakeTyped(ClrSignature signature, MethodInfo invoke) =>
        MakeStub(signature, invoke.DeclaringType!.Assembly, il =>
        {
            bool returnsReference = signature.Results.Length > 0 && signature.Results[0] == SlotKind.Ref;
            if (returnsReference) il.Emit(OpCodes.Ldarg, (short)signature.Parameters.Length);
            il.Emit(OpCodes.Ldarg, (short)signature.Parameters.Length);
            il.Emit(OpCodes.Ldfld, typeof(HostTarget).GetField(nameof(HostTarget.Callback))!);
            for (int i = 0; i < signature.Parameters.Length; i++) il.Emit(OpCodes.Ldarg, (short)i);
            il.Emit(OpCodes.Callvirt, invoke);
            if (returnsReference) il.Emit(OpCodes.Call, Members.Method(typeof(HostTarget), nameof(HostTarget.CheckedResult)));
        });

    private static Type MakeDynamic(ClrSignature signature) => MakeStub(signature, typeof(HostTarget).Assembly, il =>
    {
        il.Emit(OpCodes.Ldarg, (short)signature.Parameters.Length);
        il.Emit(OpCodes.Ldc_I4, signature.Parameters.Length);
        il.Emit(OpCodes.Newarr, typeof(Value));
        for (int i = 0; i < signature.Parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldarg, (short)i);
            il.Emit(OpCodes.Call, AdapterFactory.MakerOf(signature.Parameters[i]));
            il.Emit(OpCodes.Stelem, typeof(Value));
        }

        il.Emit(OpCodes.Call, Members.Method(typeof(HostTarget), nameof(HostTarget.Call)));
        if (signature.Results.Length == 0)
        {
            il.Emit(OpCodes.Pop);
            return;
        }

        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Ldelema, typeof(Value));
        il.Emit(OpCodes.Call, typeof(Value).GetProperty(AdapterFactory.GetterOf(signature.Results[0]))!.GetMethod!);
    });

    /// <summary>A type with the method <c>call(parameters…, target)</c> that keeps the host's exceptions apart from traps.</summary>
    private static Type MakeStub(ClrSignature signature, Assembly visible, Action<ILGenerator> emitCall)
    {
        ModuleBuilder module = DynamicCode.NewModule("wasm-host", visible);
        TypeBuilder type = DynamicCode.NewType(module, "stub");
        MethodBuilder method = type.DefineMethod("call", DynamicCode.MethodKind, signature.ReturnType, signature.ParameterTypes);
        ILGenerator il = method.GetILGenerator();
        LocalBuilder? result = signature.Results.Length > 0 ? il.DeclareLocal(signature.ReturnType) : null;
        il.BeginExceptionBlock();
        emitCall(il);
        if (result is not null) il.Emit(OpCodes.Stloc, result);
        // A filter and not a catch that throws on: that one would need new stack for every turn between host and guest on the way out.
        il.BeginExceptFilterBlock();
        il.Emit(OpCodes.Call, Members.Method(typeof(Boundary), nameof(Boundary.IsOfTheHost)));
        il.BeginCatchBlock(null!);
        il.Emit(OpCodes.Call, Members.Method(typeof(Boundary), nameof(Boundary.ThrowIntoGuest)));
        il.EndExceptionBlock();
        if (result is not null) il.Emit(OpCodes.Ldloc, result);
        il.Emit(OpCodes.Ret);
        return type.CreateType();
    }
}
