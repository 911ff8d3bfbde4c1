using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Calls a function with values. Results past the first stay in the store.</summary>
internal delegate void Invoker(ManagedFunction function, ReadOnlySpan<Value> arguments, Value[] results);

/// <summary>Makes the ways from the host into guest code. Safe for any thread.</summary>
internal sealed class AdapterFactory
{
    private static readonly Type[] TrapSources =
    [
        typeof(ArithmeticException), typeof(IndexOutOfRangeException), typeof(NullReferenceException),
        typeof(OutOfMemoryException), typeof(InvalidProgramException),
    ];

    private static readonly MethodInfo SpanItem = typeof(ReadOnlySpan<Value>).GetProperty("Item")!.GetMethod!;

    private readonly ConcurrentDictionary<string, Invoker> invokers = new();
    private readonly ConcurrentDictionary<(Type, string), DynamicMethod> typed = new();

    /// <summary>The way with values, one for all function types that look the same to the CLR.</summary>
    public Invoker Invoker(FunctionType type)
    {
        var signature = new ClrSignature(type);
        return invokers.GetOrAdd(signature.Shape, static (_, signature) => MakeInvoker(signature), signature);
    }

    /// <summary>A delegate of the host's own type.</summary>
    /// <exception cref="ArgumentException">The delegate does not fit the function.</exception>
    public Delegate CreateDelegate(ManagedFunction function, Type delegateType)
    {
        var signature = new ClrSignature(function.Type);
        MethodInfo invoke = delegateType.GetMethod("Invoke")!;
        CheckFits(signature, invoke, function.Type);
        function.OwnStore.ReserveResults(signature.Results.Length);
        return typed.GetOrAdd((delegateType, signature.Shape), static (_, state) => MakeTyped(state.signature, state.invoke), (signature, invoke))
            .CreateDelegate(delegateType, function);
    }

    /// <summary>Checks that a delegate's parameters and result are the CLR forms of a function type.</summary>
    /// <exception cref="ArgumentException">They are not; the message says which.</exception>
    public static void CheckFits(ClrSignature signature, MethodInfo invoke, FunctionType type)
    {
        ParameterInfo[] parameters = invoke.GetParameters();
        if (parameters.Length != signature.Parameters.Length)
            throw new ArgumentException($"the delegate takes {parameters.Length} arguments, the function {type} takes {signature.Parameters.Length}");
        for (int i = 0; i < parameters.Length; i++)
        {
            if (!Fits(signature.Parameters[i], parameters[i].ParameterType))
            {
                throw new ArgumentException(
                    $"parameter {i + 1} of the delegate is {parameters[i].ParameterType.Name}, the function {type} takes {type.Parameters[i]}");
            }
        }

        bool fits = signature.Results.Length == 0
            ? invoke.ReturnType == typeof(void)
            : Fits(signature.Results[0], invoke.ReturnType);
        if (!fits) throw new ArgumentException($"the delegate returns {invoke.ReturnType.Name}, the function is {type}");
    }

    private static bool Fits(SlotKind kind, Type type) =>
        type == ClrSignature.ClrType(kind) || (kind == SlotKind.I32 && type == typeof(uint)) || (kind == SlotKind.I64 && type == typeof(ulong));

    private static Invoker MakeInvoker(ClrSignature signature)
    {
        var method = new DynamicMethod(
            "invoke", typeof(void), [typeof(ManagedFunction), typeof(ReadOnlySpan<Value>), typeof(Value[])], typeof(AdapterFactory).Module, true);
        ILGenerator il = method.GetILGenerator();
        EmitGuardedCall(
            il, signature,
            i =>
            {
                il.Emit(OpCodes.Ldarga, 1);
                il.Emit(OpCodes.Ldc_I4, i);
                il.Emit(OpCodes.Call, SpanItem);
                il.Emit(OpCodes.Call, typeof(Value).GetProperty(GetterOf(signature.Parameters[i]))!.GetMethod!);
            },
            result =>
            {
                il.Emit(OpCodes.Ldarg_2);
                il.Emit(OpCodes.Ldc_I4_0);
                il.Emit(OpCodes.Ldloc, result);
                il.Emit(OpCodes.Call, MakerOf(signature.Results[0]));
                il.Emit(OpCodes.Stelem, typeof(Value));
            });
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Invoker>();
    }

    private static DynamicMethod MakeTyped(ClrSignature signature, MethodInfo invoke)
    {
        Type[] parameters = [typeof(ManagedFunction), .. invoke.GetParameters().Select(static parameter => parameter.ParameterType)];
        var method = new DynamicMethod("call", invoke.ReturnType, parameters, typeof(AdapterFactory).Module, true);
        ILGenerator il = method.GetILGenerator();
        LocalBuilder? kept = null;
        EmitGuardedCall(il, signature, i => LoadTypedArgument(il, signature, i), result => kept = result);
        if (kept is not null) il.Emit(OpCodes.Ldloc, kept);
        il.Emit(OpCodes.Ret);
        return method;
    }

    private static void LoadTypedArgument(ILGenerator il, ClrSignature signature, int index)
    {
        if (signature.Parameters[index] != SlotKind.Ref)
        {
            il.Emit(OpCodes.Ldarg, (short)(index + 1));
            return;
        }

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg, (short)(index + 1));
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Call, Members.Method(typeof(ManagedFunction), nameof(ManagedFunction.CheckedArgument)));
    }

    /// <summary>The call itself between entering and leaving the store, with the CLR's exceptions turned into traps.</summary>
    private static void EmitGuardedCall(ILGenerator il, ClrSignature signature, Action<int> loadArgument, Action<LocalBuilder> keepResult)
    {
        LocalBuilder outer = il.DeclareLocal(typeof(nuint));
        LocalBuilder? result = signature.Results.Length > 0 ? il.DeclareLocal(signature.ReturnType) : null;
        MethodInfo store = typeof(ManagedFunction).GetProperty(nameof(ManagedFunction.OwnStore))!.GetMethod!;
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, store);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, Members.Method(typeof(ManagedStore), nameof(ManagedStore.Enter)));
        il.Emit(OpCodes.Stloc, outer);
        il.BeginExceptionBlock();
        il.BeginExceptionBlock();
        for (int i = 0; i < signature.Parameters.Length; i++) loadArgument(i);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, Members.FunctionTarget);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, Members.FunctionCode);
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, signature.ReturnType, signature.ParameterTypes, null);
        if (result is not null) il.Emit(OpCodes.Stloc, result);
        foreach (Type source in TrapSources)
        {
            il.BeginCatchBlock(source);
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Call, Members.Method(typeof(Boundary), nameof(Boundary.Throw)));
        }

        il.EndExceptionBlock();
        il.BeginFinallyBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, store);
        il.Emit(OpCodes.Ldloc, outer);
        il.Emit(OpCodes.Call, Members.Method(typeof(ManagedStore), nameof(ManagedStore.Leave)));
        il.EndExceptionBlock();
        // The guest uses addresses that belong to objects which only the function keeps alive.
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(GC).GetMethod(nameof(GC.KeepAlive))!);
        if (result is not null) keepResult(result);
    }

    /// <summary>The property of <see cref="Value"/> for a kind.</summary>
    public static string GetterOf(SlotKind kind) => kind switch
    {
        SlotKind.I32 => nameof(Value.I32),
        SlotKind.I64 => nameof(Value.I64),
        SlotKind.F32 => nameof(Value.F32),
        SlotKind.F64 => nameof(Value.F64),
        SlotKind.V128 => nameof(Value.V128),
        _ => nameof(Value.Reference),
    };

    /// <summary>The method that makes a <see cref="Value"/> of a kind.</summary>
    public static MethodInfo MakerOf(SlotKind kind) => typeof(Value).GetMethod(kind switch
    {
        SlotKind.I32 => nameof(Value.FromI32),
        SlotKind.I64 => nameof(Value.FromI64),
        SlotKind.F32 => nameof(Value.FromF32),
        SlotKind.F64 => nameof(Value.FromF64),
        SlotKind.V128 => nameof(Value.FromV128),
        _ => nameof(Value.FromReference),
    })!;
}
