namespace Chain.Cli.Bench;

/// <summary>Finds what the benchmarks run: the folder <c>bench/</c> of the repository that this program was built in.</summary>
internal static class BenchFolder
{
    /// <summary>The full path of <c>bench/NAME</c>.</summary>
    /// <exception cref="CommandException">This program does not stand in its repository.</exception>
    public static string Find(string name)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "bench", name);
            if (Directory.Exists(path)) return path;
        }

        throw new CommandException(
            $"bench/{name}: not found above {AppContext.BaseDirectory}; run ./chain bench from a checkout of the repository",
            ExitCode.Unavailable);
    }

    /// <summary>
    /// The full path of <c>PATH</c> in the folder <c>shared</c> beside the repository (<c>CHAIN_SHARED</c> overrides it), or null
    /// where it is absent.
    /// </summary>
    public static string? FindShared(string path)
    {
        string shared = Environment.GetEnvironmentVariable("CHAIN_SHARED") ?? Path.Combine(Find(""), "..", "..", "shared");
        string full = Path.GetFullPath(Path.Combine(shared, path));
        return Path.Exists(full) ? full : null;
    }
}
