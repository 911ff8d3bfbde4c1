using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Cli.Wasm.Spec;

/// <summary>The host module <c>spectest</c> that the core suite's scripts import. Its functions print nothing.</summary>
internal static class SpecTestModule
{
    public const string Name = "spectest";

    /// <summary>Makes a fresh one in a store, by export name.</summary>
    public static IReadOnlyDictionary<string, External> Create(Store store) => new Dictionary<string, External>
    {
        ["global_i32"] = Global(store, Value.FromI32(666)),
        ["global_i64"] = Global(store, Value.FromI64(666)),
        ["global_f32"] = Global(store, Value.FromF32(666.6f)),
        ["global_f64"] = Global(store, Value.FromF64(666.6)),
        ["table"] = store.CreateTable(new TableType(ValueType.FuncRef, new Limits(10, 20))),
        ["table64"] = store.CreateTable(new TableType(ValueType.FuncRef, new Limits(10, 20, Is64: true))),
        ["memory"] = store.CreateMemory(new MemoryType(new Limits(1, 2))),
        ["print"] = store.CreateFunction(new FunctionType([], []), (Action)(static () => { })),
        ["print_i32"] = store.CreateFunction(Takes(ValueKind.I32), (Action<int>)(static _ => { })),
        ["print_i64"] = store.CreateFunction(Takes(ValueKind.I64), (Action<long>)(static _ => { })),
        ["print_f32"] = store.CreateFunction(Takes(ValueKind.F32), (Action<float>)(static _ => { })),
        ["print_f64"] = store.CreateFunction(Takes(ValueKind.F64), (Action<double>)(static _ => { })),
        ["print_i32_f32"] = store.CreateFunction(Takes(ValueKind.I32, ValueKind.F32), (Action<int, float>)(static (_, _) => { })),
        ["print_f64_f64"] = store.CreateFunction(Takes(ValueKind.F64, ValueKind.F64), (Action<double, double>)(static (_, _) => { })),
    };

    private static GlobalVariable Global(Store store, Value value) => store.CreateGlobal(new GlobalType(TypeOf(value.Kind), false), value);

    private static FunctionType Takes(params ReadOnlySpan<ValueKind> kinds)
    {
        var parameters = new ValueType[kinds.Length];
        for (int i = 0; i < kinds.Length; i++) parameters[i] = TypeOf(kinds[i]);
        return new FunctionType(parameters, []);
    }

    private static ValueType TypeOf(ValueKind kind) => kind switch
    {
        ValueKind.I32 => ValueType.I32,
        ValueKind.I64 => ValueType.I64,
        ValueKind.F32 => ValueType.F32,
        _ => ValueType.F64,
    };
}
