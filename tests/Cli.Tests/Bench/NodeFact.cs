namespace Chain.Cli.Tests.Bench;

/// <summary>Whether Node is on the PATH.</summary>
internal static class Node
{
    public const string Missing = "needs Node (node on the PATH), which is not on this machine";

    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "node")));
}

/// <summary>A fact that starts Node; it is skipped, with that reason, where there is none.</summary>
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute()
    {
        if (!Node.IsInstalled) Skip = Node.Missing;
    }
}

/// <summary>A theory that starts Node; it is skipped, with that reason, where there is none.</summary>
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute()
    {
        if (!Node.IsInstalled) Skip = Node.Missing;
    }
}
