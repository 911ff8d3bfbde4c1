using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>The CLR type that a value has in compiled code.</summary>
internal enum SlotKind : byte
{
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref,
}

/// <summary>The CLR form of a function type: <c>(parameters…, target) → first result</c>.</summary>
internal sealed class ClrSignature
{
    private static readonly Type[] ClrTypes = [typeof(int), typeof(long), typeof(float), typeof(double), typeof(Vector128<byte>), typeof(object)];

    public ClrSignature(FunctionType type)
    {
        Parameters = Array.ConvertAll(type.Parameters, KindOf);
        Results = Array.ConvertAll(type.Results, KindOf);
        ReturnType = Results.Length == 0 ? typeof(void) : ClrType(Results[0]);
        ParameterTypes = [.. Parameters.Select(ClrType), typeof(ManagedInstance)];
        Shape = $"{Letters(Parameters)}:{Letters(Results)}";
    }

    public SlotKind[] Parameters { get; }

    public SlotKind[] Results { get; }

    public Type ReturnType { get; }

    /// <summary>The parameters and, last, the instance.</summary>
    public Type[] ParameterTypes { get; }

    /// <summary>The same for all function types that look the same to the CLR.</summary>
    public string Shape { get; }

    public static SlotKind KindOf(Binary.ValueType type) => type.Kind switch
    {
        ValueKind.I32 => SlotKind.I32,
        ValueKind.I64 => SlotKind.I64,
        ValueKind.F32 => SlotKind.F32,
        ValueKind.F64 => SlotKind.F64,
        ValueKind.V128 => SlotKind.V128,
        _ => SlotKind.Ref,
    };

    public static Type ClrType(SlotKind kind) => ClrTypes[(int)kind];

    private static string Letters(SlotKind[] kinds) => string.Concat(kinds.Select(static kind => "iIfFvr"[(int)kind]));
}
