using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>What a guest's path leads to on a system other than Linux.</summary>
/// <param name="FullPath">The host's path; no link is in it beneath the directory it was resolved from, but the last component of a link not followed.</param>
/// <param name="Info">What is there; it need not exist.</param>
/// <param name="IsDots">Whether the guest named it <c>.</c> or <c>..</c> or by a path that ends so.</param>
internal readonly record struct PortablePlace(string FullPath, FileSystemInfo Info, bool IsLink, bool IsDots)
{
    public bool Exists => IsLink || Info.Exists;

    public bool IsDirectory => !IsLink && Info is DirectoryInfo { Exists: true };
}

/// <summary>
/// Resolves guests' paths component by component with what .NET has: each link is read and judged before it is followed. Another process that swaps
/// a component for a link between the look and the use can lead out; a guest alone cannot, since it does one thing at a time.
/// </summary>
internal static class PortablePaths
{
    private const int MaxLinks = 40;
    private const int MaxName = 255;

    private static readonly char[] WindowsSpecial = ['\\', ':', '*', '?', '"', '<', '>', '|'];

    private static readonly string[] WindowsDevices =
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", .. Enumerable.Range(0, 10).SelectMany(static i => new[] { $"COM{i}", $"LPT{i}" })];

    public static Result<PortablePlace, ErrorCode> Resolve(string directory, string path, bool follow)
    {
        var way = new Stack<string>();
        var left = new Stack<string>();
        Push(left, path);
        bool mustBeDirectory = path.EndsWith('/');
        int links = 0;
        string here = directory;
        while (left.TryPop(out string? name))
        {
            bool isLast = left.Count == 0;
            if (name == ".") continue;
            if (name == "..")
            {
                if (!way.TryPop(out string? back)) return ErrorCode.NotPermitted;
                here = back;
                continue;
            }

            if (CheckName(name) is { } wrong) return wrong;
            string full = Path.Combine(here, name);
            FileSystemInfo info = Look(full);
            if (LinkTarget(info) is { } target)
            {
                if (isLast && !follow && !mustBeDirectory) return new PortablePlace(full, info, true, false);
                if (target.StartsWith('/') || Path.IsPathRooted(target)) return ErrorCode.NotPermitted;
                if (++links > MaxLinks) return ErrorCode.Loop;
                mustBeDirectory |= isLast && target.EndsWith('/');
                Push(left, target);
                continue;
            }

            // A reparse point that is no link may lead anywhere.
            if (info.Exists && info.Attributes.HasFlag(FileAttributes.ReparsePoint)) return ErrorCode.NotPermitted;
            if (info.Exists && info is not DirectoryInfo && (!isLast || mustBeDirectory)) return ErrorCode.NotDirectory;
            if (isLast) return new PortablePlace(full, info, false, false);
            if (!info.Exists) return ErrorCode.NoEntry;
            way.Push(here);
            here = full;
        }

        return new PortablePlace(here, new DirectoryInfo(here), false, true);
    }

    /// <summary>What stands at a path, links not followed.</summary>
    public static FileSystemInfo Look(string full)
    {
        var directory = new DirectoryInfo(full);
        return directory.Exists ? directory : new FileInfo(full);
    }

    /// <summary>What a link says, in the form of guests; <see langword="null"/> where there is no link.</summary>
    public static string? LinkTarget(FileSystemInfo info) => OperatingSystem.IsWindows() ? info.LinkTarget?.Replace('\\', '/') : info.LinkTarget;

    private static void Push(Stack<string> left, string path)
    {
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = names.Length - 1; i >= 0; i--) left.Push(names[i]);
    }

    private static ErrorCode? CheckName(string name)
    {
        if (Descriptor.StrictUtf8.GetByteCount(name) > MaxName) return ErrorCode.NameTooLong;
        if (!OperatingSystem.IsWindows()) return null;
        // Streams of files, other drives, devices, and names that Windows takes for others.
        if (name.IndexOfAny(WindowsSpecial) >= 0 || name.EndsWith('.') || name.EndsWith(' ')) return ErrorCode.Invalid;
        return WindowsDevices.Contains(name.Split('.')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase) ? ErrorCode.Invalid : null;
    }
}
