using Chain.Cli.Wasm;
using Chain.Wasm;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Validation;

namespace Chain.Cli.Components;

/// <summary>Reads and validates component files.</summary>
internal static class ComponentFile
{
    /// <summary>A valid component.</summary>
    /// <exception cref="CommandException">The file is absent or unreadable, is no component, or the component is invalid.</exception>
    public static ComponentContext Read(string path)
    {
        byte[] bytes = ModuleFile.ReadBytes(path);
        if (bytes.AsSpan().StartsWith("\0asm\u0001\0\0\0"u8)) throw new CommandException($"{path} is a core module; expected a component");
        try
        {
            return ComponentValidator.Validate(ComponentReader.Read(bytes, path));
        }
        catch (WasmException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
