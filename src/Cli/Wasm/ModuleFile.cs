using Chain.Wasm;
using Chain.Wasm.Binary;

namespace Chain.Cli.Wasm;

/// <summary>Reads WebAssembly files, plain or packed with gzip, into memory.</summary>
internal static class ModuleFile
{
    /// <summary>The whole unpacked content.</summary>
    /// <exception cref="CommandException">It is absent, no file, unreadable, too large, or a damaged gzip file.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            return PackedFile.ReadBytes(path);
        }
        catch (IOException e)
        {
            throw new CommandException(e.Message);
        }
    }

    /// <summary>Reads and decodes a module.</summary>
    /// <exception cref="CommandException">As <see cref="ReadBytes"/>; or the bytes are no module.</exception>
    public static Module ReadModule(string path)
    {
        byte[] bytes = ReadBytes(path);
        if (ModuleReader.IsComponent(bytes)) throw new CommandException($"{path} is a component; expected a core module");
        try
        {
            return ModuleReader.Read(bytes, path);
        }
        catch (MalformedModuleException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
