namespace Chain.Tracer.Storage;

/// <summary>Where <c>initdb</c> and <c>postgres</c> are on this machine.</summary>
/// <param name="Folder">The folder that holds both.</param>
public sealed record PostgresBinaries(string Folder)
{
    /// <summary>Names a folder to use before any other.</summary>
    public const string Variable = "CHAIN_POSTGRES_BIN";

    /// <summary>When set to anything, the machine's own PostgreSQL is overlooked: only what the launcher unpacked counts.</summary>
    public const string HideVariable = "CHAIN_HIDE_POSTGRES";

    /// <summary>The full path of one of them.</summary>
    public string this[string program] => Path.Combine(Folder, program);

    /// <summary>Where <c>psql</c> is: beside the server, on PATH or in the distribution's place; null when it is nowhere.</summary>
    public string? Client => new[] { Folder }.Concat(SearchPath()).Concat(DistributionFolders()).Select(folder =>
        Path.Combine(folder, "psql")).FirstOrDefault(File.Exists);

    /// <summary>
    /// Looks in <c>CHAIN_POSTGRES_BIN</c> and nowhere else where that is set; else on PATH, then where distributions put them, the newest version
    /// first, then where the launcher unpacks them.
    /// </summary>
    /// <exception cref="StoreException">They are nowhere.</exception>
    public static PostgresBinaries Find() => Search() ??
        throw new StoreException($"PostgreSQL 15 or later is not installed (looked in ${Variable}, on PATH, in /usr/lib/postgresql and .chain/postgres-dist); " +
                                 "install it (Debian: apt-get install postgresql), let ./chain up get it, or name your own with --postgres");

    /// <summary>As <see cref="Find"/>, but null when they are nowhere.</summary>
    public static PostgresBinaries? Search()
    {
        string? own = Environment.GetEnvironmentVariable(Variable);
        string? folder = (own is null ? MachineFolders().Concat(UnpackedFolders()) : [own]).FirstOrDefault(HoldsBoth);
        return folder is null ? null : new PostgresBinaries(folder);
    }

    private static string[] SearchPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static bool HoldsBoth(string folder) => File.Exists(Path.Combine(folder, "initdb"))
        && File.Exists(Path.Combine(folder, "postgres"));

    private static IEnumerable<string> MachineFolders() =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable(HideVariable)) ? SearchPath().Concat(DistributionFolders()) : [];

    // The launcher's `unpack_postgres`: in the repository that this program was built in, or where root's unprivileged user can read it.
    private static IEnumerable<string> UnpackedFolders()
    {
        DirectoryInfo? repository = new(AppContext.BaseDirectory);
        while (repository is not null && !File.Exists(Path.Combine(repository.FullName, "Chain.sln"))) repository = repository.Parent;
        if (repository is not null) yield return Path.Combine(repository.FullName, ".chain", "postgres-dist", "bin");
        yield return "/var/lib/chain/postgres-dist/bin";
    }

    private static IEnumerable<string> DistributionFolders() =>
        VersionFolders("/usr/lib/postgresql",
            "*").Concat(VersionFolders("/usr", "pgsql-*")).Concat(VersionFolders("/opt/homebrew/opt", "postgresql@*"));

    private static IEnumerable<string> VersionFolders(string parent, string pattern) =>
        Directory.Exists(parent)
            ? Directory.GetDirectories(parent, pattern).OrderByDescending(VersionOf).Select(folder => Path.Combine(folder, "bin"))
            : [];

    private static int VersionOf(string folder) =>
        int.TryParse(Path.GetFileName(folder).AsSpan().TrimStart("pgsql-ore@"), out int version) ? version : 0;
}
