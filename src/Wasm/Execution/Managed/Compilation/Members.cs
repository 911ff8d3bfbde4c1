using System.Reflection;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>The members of the runtime that compiled code uses, looked up once.</summary>
internal static class Members
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    public static readonly FieldInfo Context = InstanceField(nameof(ManagedInstance.Context));
    public static readonly FieldInfo Memory0 = InstanceField(nameof(ManagedInstance.Memory0));
    public static readonly FieldInfo MemoryBases = InstanceField(nameof(ManagedInstance.MemoryBases));
    public static readonly FieldInfo Globals = InstanceField(nameof(ManagedInstance.Globals));
    public static readonly FieldInfo GlobalAddresses = InstanceField(nameof(ManagedInstance.GlobalAddresses));
    public static readonly FieldInfo GlobalObjects = InstanceField(nameof(ManagedInstance.GlobalObjects));
    public static readonly FieldInfo Interrupt = InstanceField(nameof(ManagedInstance.Interrupt));
    public static readonly FieldInfo TypeIds = InstanceField(nameof(ManagedInstance.TypeIds));
    public static readonly FieldInfo CodeTable = InstanceField(nameof(ManagedInstance.CodeTable));
    public static readonly FieldInfo PendingCall = InstanceField(nameof(ManagedInstance.PendingCall));
    public static readonly FieldInfo ImportedFunctions = InstanceField(nameof(ManagedInstance.ImportedFunctions));
    public static readonly FieldInfo Tables = InstanceField(nameof(ManagedInstance.Tables));
    public static readonly FieldInfo Tags = InstanceField(nameof(ManagedInstance.Tags));
    public static readonly FieldInfo OwnStore = InstanceField(nameof(ManagedInstance.OwnStore));
    public static readonly FieldInfo TableElements = typeof(ManagedTable).GetField(nameof(ManagedTable.Elements))!;
    public static readonly FieldInfo GlobalReference = typeof(ManagedGlobal).GetField(nameof(ManagedGlobal.Reference))!;
    public static readonly FieldInfo FunctionCode = typeof(ManagedFunction).GetField(nameof(ManagedFunction.Code))!;
    public static readonly FieldInfo FunctionTarget = typeof(ManagedFunction).GetField(nameof(ManagedFunction.Target))!;
    public static readonly FieldInfo FunctionTypeId = typeof(ManagedFunction).GetField(nameof(ManagedFunction.TypeId))!;
    public static readonly MethodInfo FunctionOf = Method(typeof(ManagedInstance), nameof(ManagedInstance.Function));
    public static readonly MethodInfo FunctionResolve = Method(typeof(ManagedFunction), nameof(ManagedFunction.Resolve));
    public static readonly MethodInfo ResolvePending = Method(typeof(ManagedInstance), nameof(ManagedInstance.ResolvePending));
    public static readonly MethodInfo ReferenceResults = typeof(ManagedStore).GetProperty(nameof(ManagedStore.ReferenceResults))!.GetMethod!;
    public static readonly MethodInfo MakeException = Method(typeof(GuestExceptions), nameof(GuestExceptions.Make));
    public static readonly MethodInfo HasTag = Method(typeof(GuestExceptions), nameof(GuestExceptions.HasTag));
    public static readonly MethodInfo ExceptionValue = Method(typeof(GuestExceptions), nameof(GuestExceptions.ValueAt));

    /// <summary>The runtime's method for an instruction of a class of operations, by the instruction's name.</summary>
    public static MethodInfo Operation(Type operations, Opcode opcode) =>
        operations.GetMethod(opcode.ToString(), All)
        ?? throw new InvalidOperationException($"{operations.Name} has no method {opcode}");

    public static MethodInfo Method(Type type, string name) =>
        type.GetMethod(name, All) ?? throw new InvalidOperationException($"{type.Name} has no method {name}");

    private static FieldInfo InstanceField(string name) =>
        typeof(ManagedInstance).GetField(name) ?? throw new InvalidOperationException($"no field {name}");
}
