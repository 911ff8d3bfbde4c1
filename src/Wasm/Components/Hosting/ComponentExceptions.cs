namespace Chain.Wasm.Components.Hosting;

/// <summary>
/// A trap of the Component Model: a call that broke a rule of the canonical ABI ("trap" in "Canonical ABI"). The instance cannot be entered again.
/// </summary>
public sealed class ComponentTrapException(string message, Exception? inner = null) : WasmException("wasm trap: " + message, -1, inner);

/// <summary>An import that nothing meets, or that is met by something of another type; the message names it and what would satisfy it.</summary>
public sealed class ComponentLinkException(string message) : WasmException(message);

/// <summary>A guest asked for its end (<c>wasi:cli/exit</c>). The instance cannot be entered again.</summary>
/// <param name="exitCode">0 to 255.</param>
public sealed class GuestExitException(int exitCode) : WasmException($"the guest exited with code {exitCode}")
{
    public int ExitCode { get; } = exitCode;
}

/// <summary>A valid component that needs a part of the Component Model which is decoded and validated but not run yet.</summary>
public sealed class UnsupportedComponentException(string message, long offset) : WasmException(message, offset);
