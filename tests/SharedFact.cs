using System.Runtime.CompilerServices;

namespace Chain.Tests;

/// <summary>Where the repository and the folder <c>../shared</c> beside it are on this machine.</summary>
internal static class Places
{
    /// <summary>The repository's root folder.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder <c>shared</c> beside the repository; it may be absent. <c>CHAIN_SHARED</c> overrides it.</summary>
    public static string Shared { get; } =
        Environment.GetEnvironmentVariable("CHAIN_SHARED") ?? Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    /// <summary>Whether <paramref name="relative"/> stands under <see cref="Shared"/>.</summary>
    public static bool HasShared(string relative) => Path.Exists(Path.Combine(Shared, relative));

    private static string FindRepository([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, ".."));
}

/// <summary>A fact that reads <c>../shared/PATH</c>; it is skipped, with that reason, where the path is absent.</summary>
internal sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute(string path)
    {
        if (!Places.HasShared(path)) Skip = $"needs ../shared/{path}, which is not on this machine";
    }
}

/// <summary>A theory that reads <c>../shared/PATH</c>; it is skipped, with that reason, where the path is absent.</summary>
internal sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute(string path)
    {
        if (!Places.HasShared(path)) Skip = $"needs ../shared/{path}, which is not on this machine";
    }
}
