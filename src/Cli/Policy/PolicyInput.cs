using System.CommandLine;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary>Policies as a command is given them: files and folders.</summary>
internal static class PolicyInput
{
    private const long MaxFileBytes = 16_000_000;

    public static Argument<FileSystemInfo[]> PathsArgument() => new("PATH")
    {
        Description = "Policy files, or folders whose *.yaml and *.yml files are policies.",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Reads files and folders; the order is that of names, so that errors come in one order everywhere.</summary>
    /// <exception cref="CommandException">A path is absent, a folder has no policies, or a file is too large.</exception>
    public static List<PolicyFile> Read(IEnumerable<FileSystemInfo> paths)
    {
        var files = new List<PolicyFile>();
        foreach (FileSystemInfo path in paths)
        {
            if (File.Exists(path.ToString())) files.Add(ReadFile(path.ToString()));
            else if (Directory.Exists(path.ToString())) files.AddRange(ReadFolder(path.ToString()));
            else throw new CommandException($"{path}: no such file or folder");
        }

        return files;
    }

    public static PolicyFile ReadFile(string path)
    {
        if (!File.Exists(path)) throw new CommandException($"{path}: no such file");
        long length = new FileInfo(path).Length;
        if (length > MaxFileBytes) throw new CommandException($"{path}: the file has {length} bytes, the limit is {MaxFileBytes}");
        return new PolicyFile(path, File.ReadAllText(path));
    }

    /// <summary>Reads and checks a set.</summary>
    /// <exception cref="CommandException">It does not check; every error.</exception>
    public static PolicySet Load(IEnumerable<FileSystemInfo> paths, LabelStore labels)
    {
        try
        {
            return PolicyLoader.Load(Read(paths), labels);
        }
        catch (PolicySetException e)
        {
            foreach (PolicyIssue issue in e.Issues) Console.Error.WriteLine(issue);
            throw new CommandException($"{e.Issues.Count} {(e.Issues.Count == 1 ? "error" : "errors")}; the set is refused");
        }
    }

    private static List<PolicyFile> ReadFolder(string folder)
    {
        List<PolicyFile> files =
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetExtension(f) is ".yaml" or ".yml").Order(StringComparer.Ordinal).Select(ReadFile),
        ];
        return files.Count > 0 ? files : throw new CommandException($"{folder}: no *.yaml or *.yml file in this folder");
    }
}
