using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>The delegates by which generated code and core functions call one another. Safe for any thread.</summary>
internal static class CoreDelegates
{
    /// <summary>
    /// The most signatures that one process uses: types are never unloaded, and there are four to the power of sixteen. Applications use some hundred.
    /// </summary>
    private const int MaxSignatures = 16_384;

    private static readonly ConcurrentDictionary<string, Type> Types = new();
    private static readonly ConcurrentDictionary<Type, DynamicMethod> LazyCode = new();

    /// <summary>The delegate type of a core function type that has no references and at most one result.</summary>
    /// <exception cref="WasmLimitException">There are too many such types in the process already.</exception>
    public static Type TypeOf(FunctionType type)
    {
        string signature = string.Concat(type.Parameters.Select(LetterOf)) + ">" + string.Concat(type.Results.Select(LetterOf));
        if (Types.TryGetValue(signature, out Type? known)) return known;
        if (Types.Count >= MaxSignatures)
            throw new WasmLimitException($"too many different signatures of functions between components, expected at most {MaxSignatures}");
        return Types.GetOrAdd(signature, _ => System.Linq.Expressions.Expression.GetDelegateType(
            [.. type.Parameters.Select(ClrTypeOf), type.Results.Length == 0 ? typeof(void) : ClrTypeOf(type.Results[0])]));
    }

    private static char LetterOf(ValueType type) => type.Kind switch
    {
        ValueKind.I32 => 'i',
        ValueKind.I64 => 'l',
        ValueKind.F32 => 'f',
        _ => 'd',
    };

    public static Type ClrTypeOf(ValueType type) => type.Kind switch
    {
        ValueKind.I32 => typeof(int),
        ValueKind.I64 => typeof(long),
        ValueKind.F32 => typeof(float),
        ValueKind.F64 => typeof(double),
        _ => throw new InvalidOperationException($"no flat value is {type}"),
    };

    /// <summary>A delegate that generates a lowered function's code at its first call: most imports of a component are never called.</summary>
    public static Delegate Lazy(LoweredFunction function)
    {
        Type type = function.Shape.LoweredDelegate;
        return LazyCode.GetOrAdd(type, EmitLazy).CreateDelegate(type, function);
    }

    /// <summary>Makes a method that a delegate of a type can be made of, with <paramref name="target"/> as its first argument.</summary>
    public static DynamicMethod Method(string name, Type target, MethodInfo signature)
    {
        Type[] parameters = [target, .. signature.GetParameters().Select(static parameter => parameter.ParameterType)];
        return new DynamicMethod(name, signature.ReturnType, parameters, typeof(CoreDelegates).Module, skipVisibility: true);
    }

    private static DynamicMethod EmitLazy(Type type)
    {
        MethodInfo invoke = type.GetMethod("Invoke")!;
        DynamicMethod method = Method("lazy", typeof(LoweredFunction), invoke);
        ILGenerator il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Callvirt, typeof(LoweredFunction).GetProperty(nameof(LoweredFunction.Code))!.GetMethod!);
        for (int i = 1; i <= invoke.GetParameters().Length; i++) il.Emit(OpCodes.Ldarg, (short)i);
        il.Emit(OpCodes.Callvirt, invoke);
        il.Emit(OpCodes.Ret);
        return method;
    }
}
