using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>Generates the code that stands around calls which are shown to an interceptor, one for each core signature. Safe for any thread.</summary>
internal static class ObservedCode
{
    private static readonly ConcurrentDictionary<Type, DynamicMethod> Known = new();

    /// <summary>A delegate of the same type as the inner one.</summary>
    public static Delegate Create(ObservedFunction function, Type type) => Known.GetOrAdd(type, Emit).CreateDelegate(type, function);

    private static DynamicMethod Emit(Type type)
    {
        MethodInfo invoke = type.GetMethod("Invoke")!;
        Type[] parameters = [.. invoke.GetParameters().Select(static parameter => parameter.ParameterType)];
        DynamicMethod method = CoreDelegates.Method("observed", typeof(ObservedFunction), invoke);
        ILGenerator il = method.GetILGenerator();
        LocalBuilder flat = il.DeclareLocal(typeof(ulong*)), call = il.DeclareLocal(typeof(ComponentCall)), bits = il.DeclareLocal(typeof(ulong));
        LocalBuilder? result = invoke.ReturnType == typeof(void) ? null : il.DeclareLocal(invoke.ReturnType);
        LocalBuilder error = il.DeclareLocal(typeof(Exception));
        Label goOn = il.DefineLabel();

        il.Emit(OpCodes.Ldc_I4, Math.Max(1, parameters.Length) * sizeof(ulong));
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Localloc);
        il.Emit(OpCodes.Stloc, flat);
        for (int i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Ldloc, flat);
            il.Emit(OpCodes.Ldc_I4, i * sizeof(ulong));
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            ToBits(il, parameters[i]);
            il.Emit(OpCodes.Stind_I8);
        }

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, flat);
        il.Emit(OpCodes.Ldloca, bits);
        Call(il, nameof(ObservedFunction.Begin));
        il.Emit(OpCodes.Stloc, call);
        il.Emit(OpCodes.Ldloc, call);
        il.Emit(OpCodes.Brtrue, goOn);
        if (result is not null)
        {
            il.Emit(OpCodes.Ldloc, bits);
            FromBits(il, result.LocalType);
        }

        il.Emit(OpCodes.Ret);
        il.MarkLabel(goOn);
        il.BeginExceptionBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Callvirt, typeof(ObservedFunction).GetProperty(nameof(ObservedFunction.Inner))!.GetMethod!);
        il.Emit(OpCodes.Castclass, type);
        for (int i = 0; i < parameters.Length; i++) il.Emit(OpCodes.Ldarg, (short)(i + 1));
        il.Emit(OpCodes.Callvirt, invoke);
        if (result is not null) il.Emit(OpCodes.Stloc, result);
        il.BeginCatchBlock(typeof(Exception));
        il.Emit(OpCodes.Stloc, error);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, call);
        il.Emit(OpCodes.Ldloc, error);
        Call(il, nameof(ObservedFunction.Failed));
        il.Emit(OpCodes.Rethrow);
        il.EndExceptionBlock();

        if (result is not null)
        {
            il.Emit(OpCodes.Ldloc, result);
            ToBits(il, result.LocalType);
            il.Emit(OpCodes.Stloc, bits);
        }

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, call);
        il.Emit(OpCodes.Ldloc, flat);
        il.Emit(OpCodes.Ldloc, bits);
        Call(il, nameof(ObservedFunction.Returned));
        if (result is null) il.Emit(OpCodes.Pop);
        else FromBits(il, result.LocalType);
        il.Emit(OpCodes.Ret);
        return method;
    }

    private static void Call(ILGenerator il, string method) => il.Emit(OpCodes.Callvirt, ValueMover.Method(typeof(ObservedFunction), method));

    public static void ToBits(ILGenerator il, Type type)
    {
        if (type == typeof(float)) il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.SingleToUInt32Bits))!);
        if (type == typeof(double)) il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.DoubleToUInt64Bits))!);
        if (type == typeof(int) || type == typeof(float)) il.Emit(OpCodes.Conv_U8);
    }

    private static void FromBits(ILGenerator il, Type type)
    {
        if (type == typeof(int) || type == typeof(float)) il.Emit(OpCodes.Conv_U4);
        if (type == typeof(float)) il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.UInt32BitsToSingle))!);
        if (type == typeof(double)) il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.UInt64BitsToDouble))!);
    }
}
