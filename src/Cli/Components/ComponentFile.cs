using Chain.Cli.Wasm;
using Chain.Wasm;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Execution;

namespace Chain.Cli.Components;

/// <summary>Reads and validates component files.</summary>
internal static class ComponentFile
{
    /// <summary>A valid component.</summary>
    /// <exception cref="CommandException">The file is absent or unreadable, is no component, or the component is invalid.</exception>
    public static ComponentContext Read(string path) => Read(path, static component => ComponentValidator.Validate(component));

    /// <summary>A valid component, compiled.</summary>
    /// <exception cref="CommandException">As <see cref="Read(string)"/>.</exception>
    public static CompiledComponent Compile(string path, Engine engine) => Read(path, component => CompiledComponent.Compile(engine, component));

    private static T Read<T>(string path, Func<Component, T> then)
    {
        byte[] bytes = ModuleFile.ReadBytes(path);
        if (bytes.AsSpan().StartsWith("\0asm\u0001\0\0\0"u8)) throw new CommandException($"{path} is a core module; expected a component");
        try
        {
            return then(ComponentReader.Read(bytes, path));
        }
        catch (WasmException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
