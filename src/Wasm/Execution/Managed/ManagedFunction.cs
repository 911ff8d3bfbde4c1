using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed;

/// <summary>
/// A function as a value: the address of code with the signature <c>(parameters…, target)</c> and the target to pass. Code that
/// is not compiled yet is reached through a stub whose target is the function itself.
/// </summary>
internal sealed class ManagedFunction : Function
{
    private readonly ManagedEngine engine;
    private Invoker? invoker;

    /// <summary>Makes a function of an instance.</summary>
    public ManagedFunction(ManagedInstance instance, uint index, int typeId)
    {
        engine = instance.OwnCode.OwnEngine;
        Instance = instance;
        OwnStore = instance.OwnStore;
        Index = index;
        TypeId = typeId;
        Target = this;
        Code = instance.OwnCode.LazyStub(index);
    }

    /// <summary>Makes a function of the host.</summary>
    public ManagedFunction(ManagedEngine engine, ManagedStore store, int typeId, nint code, object target)
    {
        this.engine = engine;
        OwnStore = store;
        TypeId = typeId;
        Code = code;
        Target = target;
    }

    /// <summary>The address of the code.</summary>
    public nint Code;

    /// <summary>What the code gets as its last argument.</summary>
    public object Target;

    /// <summary>The registry's id of its type.</summary>
    public readonly int TypeId;

    /// <summary>The instance it belongs to; none for a function of the host.</summary>
    public ManagedInstance? Instance { get; }

    /// <summary>Its index in the instance.</summary>
    public uint Index { get; }

    public ManagedStore OwnStore { get; }

    public override FunctionType Type => (FunctionType)engine.Types.Get(TypeId).Composite;

    /// <summary>Compiles the code if that has not happened yet; called by stubs.</summary>
    public nint Resolve()
    {
        Code = Instance!.OwnCode.Resolve(Index);
        Target = Instance;
        return Code;
    }

    public override Value[] Invoke(params ReadOnlySpan<Value> arguments)
    {
        FunctionType type = Type;
        if (arguments.Length != type.Parameters.Length)
            throw new ArgumentException($"the function takes {type.Parameters.Length} arguments, {arguments.Length} were given");
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].Kind != type.Parameters[i].Kind)
                throw new ArgumentException($"argument {i + 1} must be {type.Parameters[i]}, it is {arguments[i].Kind} {arguments[i]}");
            if (arguments[i].Kind == ValueKind.Ref)
                ReferenceOperations.CheckFromHost(OwnStore, arguments[i].Reference, type.Parameters[i], $"argument {i + 1}");
        }

        OwnStore.ReserveResults(type.Results.Length);
        invoker ??= engine.Adapters.Invoker(type);
        var results = new Value[type.Results.Length];
        invoker(this, arguments, results);
        for (int i = 1; i < results.Length; i++) results[i] = OwnStore.ReadResult(i, type.Results[i]);
        return results;
    }

    /// <summary>Checks a reference that a typed delegate passes on.</summary>
    public object? CheckedArgument(object? reference, int parameter)
    {
        ReferenceOperations.CheckFromHost(OwnStore, reference, Type.Parameters[parameter], "an argument");
        return reference;
    }

    public override Delegate CreateDelegate(Type delegateType) => engine.Adapters.CreateDelegate(this, delegateType);

    public override string ToString() => Instance is null ? "host function" : $"function {Instance.OwnCode.Context.Describe(Index)}";
}
