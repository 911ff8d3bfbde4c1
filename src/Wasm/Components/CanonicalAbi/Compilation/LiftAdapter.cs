using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Components.Runtime;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>Generates the delegates by which the host calls exports (Canonical ABI, <c>canon lift</c>). Safe for any thread.</summary>
internal static class LiftAdapter
{
    private static readonly AdapterCache<(string Shape, Type Delegate, bool IsObserved)> Known = new();

    /// <summary>A delegate of a CLR type.</summary>
    /// <exception cref="ArgumentException">Its types cannot stand for those of the function.</exception>
    public static Delegate Create(LiftedFunction function, Type type)
    {
        ClrMapping[] parameters = Bind(function, type, out ClrMapping? result);
        DynamicMethod method = Known.GetOrAdd((function.Shape.Key, type, function.IsObserved), function.Shape, () =>
        {
            DynamicMethod made = CoreDelegates.Method("lifted", typeof(LiftedFunction), type.GetMethod("Invoke")!);
            Emit(new AdapterEmitter(made, function.Shape), parameters, result, function.IsObserved);
            return made;
        });
        return method.CreateDelegate(type, function);
    }

    private static ClrMapping[] Bind(LiftedFunction function, Type type, out ClrMapping? result)
    {
        MethodInfo invoke = type.GetMethod("Invoke")!;
        ParameterInfo[] given = invoke.GetParameters();
        if (given.Length != function.Type.Parameters.Count)
            throw new ArgumentException($"the delegate takes {given.Length} parameters, the function {function.Type.Parameters.Count}");
        result = LowerAdapter.BindResult(function.Type, invoke);
        if (result is ByteSpanMapping) throw new ArgumentException("a result must be a byte[]: the guest's own bytes are gone when the delegate returns");
        var parameters = new ClrMapping[given.Length];
        for (int i = 0; i < given.Length; i++) parameters[i] = ClrMappings.Map(function.Type.Parameters[i].Type, given[i].ParameterType);
        return parameters;
    }

    private static void Emit(AdapterEmitter emitter, ClrMapping[] parameters, ClrMapping? resultMapping, bool isObserved)
    {
        ILGenerator il = emitter.Il;
        Action pushLifted = () => il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), nameof(AdapterRuntime.BeginExportCall)));
        Side callee = emitter.SideOf(pushLifted, typeof(LiftedFunction), nameof(LiftedFunction.Context), nameof(LiftedFunction.Resources));
        bool canFail = parameters.Any(static parameter => parameter is not (NumberMapping or CharMapping));
        LocalBuilder error = il.DeclareLocal(typeof(Exception));
        if (canFail) il.BeginExceptionBlock();
        IReadOnlyList<Place> targets = emitter.LiftedArguments(callee, out Action pushArguments);
        for (int i = 0; i < parameters.Length; i++)
        {
            LocalBuilder argument = il.DeclareLocal(parameters[i].Clr);
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            il.Emit(OpCodes.Stloc, argument);
            emitter.Mover.Lower(parameters[i], argument, targets[i], callee);
        }

        if (canFail) Catch(il, error, nameof(AdapterRuntime.LoweringFailed));
        if (isObserved) il.BeginExceptionBlock();
        LocalBuilder? raw = emitter.CallCore(pushLifted, pushArguments, nameof(LiftedFunction.EntryDelegate));
        LocalBuilder? value = null;
        if (resultMapping is not null)
        {
            value = il.DeclareLocal(resultMapping.Clr);
            emitter.Mover.Lift(resultMapping, emitter.LiftedResult(callee, raw!), callee);
            il.Emit(OpCodes.Stloc, value);
        }

        if (isObserved)
        {
            Catch(il, error, nameof(AdapterRuntime.ObservedCallFailed));
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), nameof(AdapterRuntime.ObservedCallReturned)));
        }

        emitter.PostReturn(pushLifted, raw);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), nameof(AdapterRuntime.EndExportCall)));
        if (value is not null) il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ret);
    }

    private static void Catch(ILGenerator il, LocalBuilder error, string method)
    {
        il.BeginCatchBlock(typeof(Exception));
        il.Emit(OpCodes.Stloc, error);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, error);
        il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), method));
        il.Emit(OpCodes.Rethrow);
        il.EndExceptionBlock();
    }
}
