using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace Chain.Cli.Wasm.Spec;

/// <summary>A script with the binaries beside it.</summary>
internal sealed class ScriptFolder(string name, string path, IReadOnlyDictionary<string, byte[]> files)
{
    /// <summary>The name without folder and ending.</summary>
    public string Name { get; } = name;

    /// <summary>The path of the JSON file in the folder or archive.</summary>
    public string Path { get; } = path;

    /// <summary>Reads the script.</summary>
    /// <exception cref="CommandException">It is not one.</exception>
    public Script ReadScript()
    {
        try
        {
            return JsonSerializer.Deserialize<Script>(files[System.IO.Path.GetFileName(Path)]) is { Commands: not null } script
                ? script
                : throw new CommandException($"{Path} is no converted script: it has no \"commands\"");
        }
        catch (JsonException e)
        {
            throw new CommandException($"{Path} is no converted script, at line {e.LineNumber + 1}: {e.Message}");
        }
    }

    /// <summary>A file beside the script.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public byte[] File(string fileName) =>
        files.TryGetValue(fileName, out byte[]? bytes) ? bytes : throw new FileNotFoundException($"{fileName} is not beside {Path}");
}

/// <summary>Finds the scripts of a suite.</summary>
internal static class ScriptFolders
{
    // The suites unpack to 40 MB; this is for an archive that is not what it says.
    private const long LargestArchive = 2L * 1024 * 1024 * 1024;

    /// <summary>Every script of a folder, of a <c>.tar.gz</c> or <c>.tar</c> archive, or the one that a JSON file is; by path.</summary>
    /// <exception cref="CommandException">There is none, or the path cannot be read.</exception>
    public static IReadOnlyList<ScriptFolder> Open(string path)
    {
        Dictionary<string, Dictionary<string, byte[]>> folders;
        if (Directory.Exists(path)) folders = FromFolder(path);
        else if (!File.Exists(path)) throw new CommandException($"no such file or folder: {path}");
        else if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) folders = FromScript(path);
        else folders = FromArchive(path);

        ScriptFolder[] scripts = [.. folders
            .SelectMany(folder => folder.Value.Keys
                .Where(file => file.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
                .Select(file => new ScriptFolder(
                    Path.GetFileNameWithoutExtension(file), folder.Key.Length == 0 ? file : $"{folder.Key}/{file}", folder.Value)))
            .OrderBy(script => script.Path, StringComparer.Ordinal)];
        return scripts.Length > 0
            ? scripts
            : throw new CommandException($"{path} holds no converted scripts; expected NAME/NAME.json with NAME/NAME.N.wasm beside it");
    }

    private static Dictionary<string, Dictionary<string, byte[]>> FromScript(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var files = new Dictionary<string, byte[]> { [Path.GetFileName(path)] = File.ReadAllBytes(path) };
        foreach (string file in Directory.EnumerateFiles(folder, "*.wasm")) files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        return new() { [Path.GetFileName(folder)] = files };
    }

    private static Dictionary<string, Dictionary<string, byte[]>> FromFolder(string root)
    {
        var folders = new Dictionary<string, Dictionary<string, byte[]>>();
        foreach (string file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            if (IsWanted(file)) Add(folders, Path.GetRelativePath(root, file).Replace('\\', '/'), File.ReadAllBytes(file));
        }

        return folders;
    }

    private static Dictionary<string, Dictionary<string, byte[]>> FromArchive(string path)
    {
        var folders = new Dictionary<string, Dictionary<string, byte[]>>();
        long total = 0;
        try
        {
            using FileStream file = File.OpenRead(path);
            bool packed = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            using var tar = new TarReader(packed ? new GZipStream(file, CompressionMode.Decompress) : file);
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !IsWanted(entry.Name)) continue;
                total += entry.Length;
                if (total > LargestArchive) throw new CommandException($"{path} unpacks to more than {LargestArchive >> 20} MiB");
                var content = new MemoryStream();
                // An empty file has no stream.
                entry.DataStream?.CopyTo(content);
                Add(folders, entry.Name.TrimStart('.', '/'), content.ToArray());
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new CommandException($"{path} is no folder, .tar.gz or script: {e.Message}");
        }

        return folders;
    }

    private static bool IsWanted(string name) =>
        name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".wasm", StringComparison.OrdinalIgnoreCase);

    private static void Add(Dictionary<string, Dictionary<string, byte[]>> folders, string path, byte[] content)
    {
        int slash = path.LastIndexOf('/');
        string folder = slash < 0 ? "" : path[..slash];
        if (!folders.TryGetValue(folder, out Dictionary<string, byte[]>? files)) folders[folder] = files = [];
        files[path[(slash + 1)..]] = content;
    }
}
