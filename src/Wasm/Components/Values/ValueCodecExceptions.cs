using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Values;

/// <summary>Bytes that are no value of the type wanted (<see cref="ValueCodec"/>).</summary>
/// <param name="problem">What was expected and what was found.</param>
/// <param name="offset">The byte, from the start of what was read, at which it was noticed.</param>
public sealed class MalformedValueException(string problem, long offset) : WasmException($"malformed value at 0x{offset:x}: {problem}", offset);

/// <summary>A value that cannot leave its process, because what it stands for is there: a resource, stream, future or error context.</summary>
public sealed class BoundValueException : WasmException
{
    internal BoundValueException(ValType type)
        : base($"a value of type {new WitTypes().Use(type)} cannot leave its silo: what it stands for is held there")
    {
    }
}
