using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Filesystem;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>
/// A directory that guests are given, full of ways out, beside one with a secret. One for each way of resolving paths: the kernel's, the walk, and
/// that of other systems.
/// </summary>
internal sealed class Sandbox : IDisposable
{
    public const string Secret = "the secret";

    private readonly TemporaryDirectory directory = new();
    private readonly OpenFiles files = new(1000);
    private readonly string way;

    public Sandbox(string way)
    {
        this.way = way;
        Outside = directory.Create("outside");
        Inside = directory.Create("inside");
        File.WriteAllText(Path.Combine(Outside, "secret.txt"), Secret);
        Directory.CreateDirectory(Path.Combine(Outside, "dir"));

        Directory.CreateDirectory(Path.Combine(Inside, "dir", "sub"));
        File.WriteAllText(Path.Combine(Inside, "file.txt"), "inside");
        File.WriteAllText(Path.Combine(Inside, "dir", "inner.txt"), "inner");
        Link("link-in", "file.txt");
        Link("link-dir-in", "dir");
        Link("link-up", "../outside/secret.txt");
        Link("link-dir-up", "../outside");
        Link("link-abs", Path.Combine(Outside, "secret.txt"));
        Link("link-dir-abs", Outside);
        Link("link-root", "/");
        Link("link-back-in", "../inside/file.txt");
        Link("hop1", "hop2");
        Link("hop2", "link-up");
        Link("dir/up2", "../../outside/secret.txt");
        Link("dir/sub/up3", "../../../outside");
        Link("winding", "dir/../dir/sub/../../../outside/secret.txt");
        Link("dangling-out", "../outside/new.txt");
        Link("dangling-dir-out", "../outside/new-dir");
        Link("dangling-in", "not-there.txt");
        Link("loop-a", "loop-b");
        Link("loop-b", "loop-a");
        Link("proc-root", "/proc/self/root");
        Link("self", ".");
        Before = Snapshot();
    }

    /// <summary>The ways of resolving paths that there are on this machine.</summary>
    public static IEnumerable<string> Ways => OperatingSystem.IsLinux() ? ["kernel", "walk", "portable"] : ["portable"];

    public string Outside { get; }

    public string Inside { get; }

    private string Before { get; }

    /// <summary>The inside, as a guest gets it.</summary>
    public Descriptor Root(
        DirectoryPermissions directories = DirectoryPermissions.Read | DirectoryPermissions.Mutate,
        FilePermissions permissions = FilePermissions.Read | FilePermissions.Write) => Open(Inside, directories, permissions);

    /// <summary>A directory of the host, as a guest gets it; a grant of its own.</summary>
    public Descriptor Open(
        string path,
        DirectoryPermissions directories = DirectoryPermissions.Read | DirectoryPermissions.Mutate,
        FilePermissions permissions = FilePermissions.Read | FilePermissions.Write)
    {
        HostNode root = way switch
        {
            "kernel" => LinuxNode.OpenBase(path, LinuxPaths.Best),
            "walk" => LinuxNode.OpenBase(path, LinuxPaths.Walking),
            _ => PortableNode.OpenBase(path),
        };
        return Descriptor.Of(new Preopen(root, "/", directories, permissions), files);
    }

    /// <summary>Nothing outside is other than it was.</summary>
    public void AssertOutsideIsUntouched() => Assert.Equal(Before, Snapshot());

    public void Dispose()
    {
        files.CloseAll();
        directory.Dispose();
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(Inside, name), target);

    private string Snapshot() => string.Join('\n', new DirectoryInfo(Outside).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
        .OrderBy(entry => entry.FullName, StringComparer.Ordinal)
        .Select(entry => $"{entry.FullName} {entry.LastWriteTimeUtc.Ticks} {(entry is FileInfo file ? File.ReadAllText(file.FullName) : "")}"));
}

/// <summary>Short forms for tests.</summary>
internal static class DescriptorCalls
{
    public static Result<Descriptor, ErrorCode> Open(this Descriptor self, string path, OpenFlags open = OpenFlags.None, bool follow = true) =>
        self.OpenAt(follow ? PathFlags.SymlinkFollow : PathFlags.None, path, open, DescriptorFlags.Read);

    public static Result<Descriptor, ErrorCode> OpenToWrite(this Descriptor self, string path, OpenFlags open = OpenFlags.None) =>
        self.OpenAt(PathFlags.SymlinkFollow, path, open, DescriptorFlags.Read | DescriptorFlags.Write);

    public static Result<DescriptorStat, ErrorCode> Stat(this Descriptor self, string path, bool follow = true) =>
        self.StatAt(follow ? PathFlags.SymlinkFollow : PathFlags.None, path);

    /// <summary>The error that there must be.</summary>
    public static ErrorCode Failed<T>(this Result<T, ErrorCode> result)
    {
        Assert.True(result.IsError, $"it succeeded with {result.Value}");
        return result.Error;
    }

    /// <summary>The value that there must be.</summary>
    public static T Succeeded<T>(this Result<T, ErrorCode> result)
    {
        Assert.False(result.IsError, $"it failed with {result.Error}");
        return result.Value;
    }

    public static string ReadText(this Descriptor self) => System.Text.Encoding.UTF8.GetString(self.Read(1000, 0).Succeeded().Bytes);
}
