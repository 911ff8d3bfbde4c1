namespace Chain.Wasm;

/// <summary>The root of every error that WebAssembly code or bytes can cause.</summary>
/// <param name="message">One line: what, where, what was expected and what was found.</param>
/// <param name="offset">The byte offset in the module at which it was noticed, or -1 where there is none.</param>
public abstract class WasmException(string message, long offset = -1, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The byte offset in the module at which the error was noticed; -1 where there is none.</summary>
    public long Offset { get; } = offset;
}

/// <summary>The bytes are not a module in the binary format (core specification, chapter "Binary Format").</summary>
public sealed class MalformedModuleException(string message, long offset) : WasmException(message, offset);

/// <summary>The module is well formed but breaks a rule of the chapter "Validation".</summary>
/// <param name="message">The whole message: module, offset, what was expected, what was found, function.</param>
/// <param name="offset">The byte offset in the module.</param>
/// <param name="functionIndex">The function in whose body it stands, or <see langword="null"/>.</param>
public sealed class InvalidModuleException(string message, long offset, uint? functionIndex = null) : WasmException(message, offset)
{
    /// <summary>The function in whose body it stands, or <see langword="null"/> where it is outside all bodies.</summary>
    public uint? FunctionIndex { get; } = functionIndex;
}

/// <summary>The bytes are not a component in the binary format (Component Model, "Binary.md").</summary>
public sealed class MalformedComponentException(string message, long offset) : WasmException(message, offset);

/// <summary>The component is well formed but breaks a validation rule of the Component Model.</summary>
/// <param name="message">The whole message: component, offset, what was expected, what was found.</param>
/// <param name="offset">The byte offset in the outermost component.</param>
public sealed class InvalidComponentException(string message, long offset) : WasmException(message, offset);
