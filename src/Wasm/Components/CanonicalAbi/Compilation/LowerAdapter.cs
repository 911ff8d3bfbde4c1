using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>Generates what a guest runs when it calls an import (Canonical ABI, <c>canon lower</c>). Safe for any thread.</summary>
internal static class LowerAdapter
{
    private static readonly AdapterCache<(string Shape, Type? Callback)> Known = new();

    /// <summary>A delegate with the signature of the lowered core function.</summary>
    public static Delegate Create(LoweredFunction function)
    {
        Type type = function.Shape.LoweredDelegate;
        Type? callback = function.Host?.GetType();
        DynamicMethod method = Known.GetOrAdd((function.Shape.Key, callback), function.Shape, () =>
        {
            DynamicMethod made = CoreDelegates.Method("lowered", typeof(LoweredFunction), type.GetMethod("Invoke")!);
            var emitter = new AdapterEmitter(made, function.Shape);
            if (callback is null) EmitGuestCall(emitter);
            else EmitHostCall(emitter, callback);
            return made;
        });
        return method.CreateDelegate(type, function);
    }

    /// <summary>Checks that a function of the host can stand for an import.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says why.</exception>
    public static void CheckFits(FuncType type, Delegate callback) => Bind(type, callback.GetType(), out _, out _);

    private static void EmitGuestCall(AdapterEmitter emitter)
    {
        ILGenerator il = emitter.Il;
        LocalBuilder lifted = il.DeclareLocal(typeof(LiftedFunction));
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, typeof(LoweredFunction).GetField(nameof(LoweredFunction.Lifted))!);
        il.Emit(OpCodes.Stloc, lifted);
        Action pushLifted = () => il.Emit(OpCodes.Ldloc, lifted);
        Begin(il, nameof(AdapterRuntime.BeginGuestCall), lifted);
        Side caller = CallerOf(emitter);
        Side callee = emitter.SideOf(pushLifted, typeof(LiftedFunction), nameof(LiftedFunction.Context), nameof(LiftedFunction.Resources));
        IReadOnlyList<Place> sources = emitter.LoweredParameters(caller);
        IReadOnlyList<Place> targets = emitter.LiftedArguments(callee, out Action pushArguments);
        for (int i = 0; i < sources.Count; i++) emitter.Mover.Transfer(emitter.Shape.ParameterTuple.Types[i], sources[i], caller, targets[i], callee);

        LocalBuilder? raw = emitter.CallCore(pushLifted, pushArguments, nameof(LiftedFunction.CoreDelegate));
        LocalBuilder? flat = FlatResult(emitter);
        Label refused = il.DefineLabel();
        EmitGate(il, raw, refused);
        if (emitter.Result is { } result)
            emitter.Mover.Transfer(result, emitter.LiftedResult(callee, raw!), callee, emitter.LoweredResult(caller, flat), caller);
        il.MarkLabel(refused);
        emitter.PostReturn(pushLifted, raw);
        emitter.CallOnScope(nameof(CallScope.EndLends));
        Begin(il, nameof(AdapterRuntime.EndGuestCall), lifted);
        Return(il, flat);
    }

    private static void EmitGate(ILGenerator il, LocalBuilder? raw, Label refused)
    {
        FieldInfo gate = typeof(LoweredFunction).GetField(nameof(LoweredFunction.Gate))!;
        Label open = il.DefineLabel();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, gate);
        il.Emit(OpCodes.Brfalse, open);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, gate);
        if (raw is null)
        {
            il.Emit(OpCodes.Ldc_I8, 0L);
        }
        else
        {
            il.Emit(OpCodes.Ldloc, raw);
            ObservedCode.ToBits(il, raw.LocalType);
        }

        il.Emit(OpCodes.Callvirt, typeof(Func<ulong, bool>).GetMethod("Invoke")!);
        il.Emit(OpCodes.Brfalse, refused);
        il.MarkLabel(open);
    }

    private static void EmitHostCall(AdapterEmitter emitter, Type callback)
    {
        ILGenerator il = emitter.Il;
        MethodInfo invoke = callback.GetMethod("Invoke")!;
        ClrMapping[] parameters = Bind(emitter.Shape.Type, callback, out bool takesStore, out ClrMapping? resultMapping);
        Begin(il, nameof(AdapterRuntime.BeginHostCall));
        Side caller = CallerOf(emitter);
        IReadOnlyList<Place> sources = emitter.LoweredParameters(caller);
        var arguments = new LocalBuilder[parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            arguments[i] = il.DeclareLocal(parameters[i].Clr);
            emitter.Mover.Lift(parameters[i], sources[i], caller);
            il.Emit(OpCodes.Stloc, arguments[i]);
        }

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, typeof(LoweredFunction).GetField(nameof(LoweredFunction.Host))!);
        il.Emit(OpCodes.Castclass, callback);
        if (takesStore)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Call, typeof(LoweredFunction).GetProperty(nameof(LoweredFunction.Store))!.GetMethod!);
        }

        foreach (LocalBuilder argument in arguments) il.Emit(OpCodes.Ldloc, argument);
        il.Emit(OpCodes.Callvirt, invoke);
        LocalBuilder? flat = FlatResult(emitter);
        if (resultMapping is not null)
        {
            LocalBuilder value = il.DeclareLocal(resultMapping.Clr);
            il.Emit(OpCodes.Stloc, value);
            emitter.Mover.Lower(resultMapping, value, emitter.LoweredResult(caller, flat), caller);
        }

        emitter.CallOnScope(nameof(CallScope.EndLends));
        Return(il, flat);
    }

    private static ClrMapping[] Bind(FuncType type, Type callback, out bool takesStore, out ClrMapping? result)
    {
        MethodInfo invoke = callback.GetMethod("Invoke")!;
        Type[] given = [.. invoke.GetParameters().Select(static parameter => parameter.ParameterType)];
        takesStore = given.Length > 0 && given[0] == typeof(ComponentStore);
        ReadOnlySpan<Type> own = given.AsSpan(takesStore ? 1 : 0);
        if (own.Length != type.Parameters.Count)
            throw new ArgumentException($"it takes {own.Length} parameters where {type.Parameters.Count} are expected");
        result = BindResult(type, invoke);
        var parameters = new ClrMapping[own.Length];
        for (int i = 0; i < own.Length; i++) parameters[i] = ClrMappings.Map(type.Parameters[i].Type, own[i]);
        return parameters;
    }

    /// <summary>How a delegate's result stands for a function's.</summary>
    public static ClrMapping? BindResult(FuncType type, MethodInfo invoke)
    {
        if (type.Result is { } result) return ClrMappings.Map(result, invoke.ReturnType);
        return invoke.ReturnType == typeof(void) ? null : throw new ArgumentException($"it returns {invoke.ReturnType.Name} where no result is expected");
    }

    private static Side CallerOf(AdapterEmitter emitter) => emitter.SideOf(
        () => emitter.Il.Emit(OpCodes.Ldarg_0), typeof(LoweredFunction), nameof(LoweredFunction.Caller), nameof(LoweredFunction.Resources));

    private static LocalBuilder? FlatResult(AdapterEmitter emitter) => emitter.Shape.FlatResults is [var type]
        ? emitter.Il.DeclareLocal(CoreDelegates.ClrTypeOf(type))
        : null;

    private static void Begin(ILGenerator il, string method, LocalBuilder? lifted = null)
    {
        il.Emit(OpCodes.Ldarg_0);
        if (lifted is not null) il.Emit(OpCodes.Ldloc, lifted);
        il.Emit(OpCodes.Call, ValueMover.Method(typeof(AdapterRuntime), method));
    }

    private static void Return(ILGenerator il, LocalBuilder? flat)
    {
        if (flat is not null) il.Emit(OpCodes.Ldloc, flat);
        il.Emit(OpCodes.Ret);
    }
}
