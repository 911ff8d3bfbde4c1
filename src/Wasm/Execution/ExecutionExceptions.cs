namespace Chain.Wasm.Execution;

/// <summary>An import is missing or does not match (core specification, "Execution / Modules / Instantiation").</summary>
public sealed class WasmLinkException(string message, long offset = -1) : WasmException(message, offset);

/// <summary>A module wants more than its store allows.</summary>
public sealed class WasmLimitException(string message) : WasmException(message);

/// <summary>An exception that the guest threw (core specification, "Exception Instances") and no guest caught.</summary>
public sealed class WasmGuestException(ExceptionTag tag, Value[] payload)
    : WasmException($"uncaught WebAssembly exception with {tag.Describe()}")
{
    public ExceptionTag Tag { get; } = tag;

    /// <summary>The values that it carries.</summary>
    public IReadOnlyList<Value> Payload => Values;

    internal Value[] Values { get; } = payload;
}
