using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Filesystem;
using static Chain.Wasm.Wasi.Filesystem.ErrorCode;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>What each permission of a preopened directory allows, and what a guest may have open.</summary>
public sealed class FilesystemPermissionTests
{
    private const DirectoryPermissions All = DirectoryPermissions.Read | DirectoryPermissions.Mutate;

    [Fact]
    public void ADirectoryThatIsOnlyReadIsNotChanged()
    {
        using var sandbox = new Sandbox(Sandbox.Ways.First());
        Descriptor root = sandbox.Root(DirectoryPermissions.Read, FilePermissions.Read);
        Assert.Equal("inside", root.Open("file.txt").Succeeded().ReadText());
        Assert.NotEmpty(FilesystemTests.List(root));
        Assert.Equal(DescriptorFlags.Read, root.GetFlags().Value);
        ErrorCode[] refused =
        [
            root.OpenToWrite("file.txt").Failed(),
            root.Open("new.txt", OpenFlags.Create).Failed(),
            root.Open("file.txt", OpenFlags.Truncate).Failed(),
            root.OpenAt(PathFlags.None, "dir", OpenFlags.None, DescriptorFlags.Read | DescriptorFlags.MutateDirectory).Failed(),
            root.CreateDirectoryAt("x").Failed(),
            root.RemoveDirectoryAt("dir").Failed(),
            root.UnlinkFileAt("file.txt").Failed(),
            root.SymlinkAt("x", "y").Failed(),
            root.RenameAt("file.txt", root, "y").Failed(),
            root.LinkAt(PathFlags.None, "file.txt", root, "y").Failed(),
            root.SetTimes(NewTimestamp.Now, NewTimestamp.Now).Failed(),
            root.SetTimesAt(PathFlags.None, "file.txt", NewTimestamp.Now, NewTimestamp.Now).Failed(),
            root.Open("dir").Succeeded().CreateDirectoryAt("x").Failed(),
        ];
        Assert.All(refused, error => Assert.Equal(ReadOnly, error));
        using Descriptor file = root.Open("file.txt").Succeeded();
        Assert.Equal(BadDescriptor, file.Write("x"u8, 0).Failed());
        Assert.Equal(BadDescriptor, file.WriteViaStream(0).Failed());
        Assert.Equal(BadDescriptor, file.AppendViaStream().Failed());
        Assert.Equal(BadDescriptor, file.SetSize(0).Failed());
        Assert.Equal(NotPermitted, file.SetTimes(NewTimestamp.Now, NewTimestamp.Now).Failed());
        Assert.False(file.Sync(dataOnly: false).IsError);
    }

    [Fact]
    public void FilesThatAreOnlyReadAreNotWrittenWhereDirectoriesMayChange()
    {
        using var sandbox = new Sandbox(Sandbox.Ways.First());
        Descriptor root = sandbox.Root(All, FilePermissions.Read);
        Assert.Equal(NotPermitted, root.OpenToWrite("file.txt").Failed());
        Assert.Equal(NotPermitted, root.OpenToWrite("new.txt", OpenFlags.Create).Failed());
        Assert.Equal(NotPermitted, root.SetTimesAt(PathFlags.None, "file.txt", NewTimestamp.Now, NewTimestamp.Now).Failed());
        root.CreateDirectoryAt("new").Succeeded();
        root.RenameAt("file.txt", root, "new/file.txt").Succeeded();
    }

    [Fact]
    public void FilesThatAreNotReadCanStillBeWritten()
    {
        using var sandbox = new Sandbox(Sandbox.Ways.First());
        Descriptor root = sandbox.Root(All, FilePermissions.Write);
        Assert.Equal(NotPermitted, root.Open("file.txt").Failed());
        Assert.Equal(NotPermitted, root.OpenToWrite("file.txt").Failed());
        using Descriptor file = root.OpenAt(PathFlags.None, "file.txt", OpenFlags.None, DescriptorFlags.Write).Succeeded();
        file.Write("x"u8, 0).Succeeded();
        Assert.Equal(BadDescriptor, file.Read(1, 0).Failed());
        Assert.Equal(BadDescriptor, file.ReadViaStream(0).Failed());
        Assert.Equal(DescriptorType.Directory, root.Open("dir").Succeeded().GetDescriptorType().Value);
    }

    [Fact]
    public void ADirectoryThatIsNotReadShowsNothing()
    {
        using var sandbox = new Sandbox(Sandbox.Ways.First());
        Descriptor root = sandbox.Root(DirectoryPermissions.Mutate, FilePermissions.Read);
        Assert.Equal(NotPermitted, root.Open("file.txt").Failed());
        Assert.Equal(NotPermitted, root.Stat("file.txt").Failed());
        Assert.Equal(NotPermitted, root.ReadDirectory().Failed());
        Assert.Equal(NotPermitted, root.ReadlinkAt("link-in").Failed());
        Assert.Equal(NotPermitted, root.MetadataHashAt(PathFlags.None, "file.txt").Failed());
    }

    [Fact]
    public void WhatAGuestHasOpenIsBoundedAndClosedWithTheStore()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["file.txt"], "x");
        var state = new WasiState(new WasiOptions { Preopens = [Preopen.Writable(directory.Path, "/")], MaxOpenFiles = 3 });
        Descriptor Root() => Descriptor.Of(state.Options.Preopens[0], state.Files);
        Descriptor first = Root().Open("file.txt").Succeeded();
        Root().Open("file.txt").Succeeded();
        DirectoryEntryStream listing = Root().ReadDirectory().Succeeded();
        Assert.Equal(Quota, Root().Open("file.txt").Failed());
        Assert.Equal(Quota, Root().ReadDirectory().Failed());
        Assert.Equal("x", first.ReadText());

        // A stream keeps its file open, and counted.
        using (first.ReadViaStream(0).Succeeded())
        {
            first.Dispose();
            Assert.Equal(Quota, Root().Open("file.txt").Failed());
        }

        Descriptor second = Root().Open("file.txt").Succeeded();
        listing.Dispose();
        listing.Dispose();
        Root().Open("file.txt").Succeeded();
        int before = OpenHandlesBeneath(directory.Path);
        state.Reset();
        if (OperatingSystem.IsLinux()) Assert.Equal((4, 1), (before, OpenHandlesBeneath(directory.Path)));
        second.Dispose();
        for (int i = 0; i < 3; i++) Root().Open("file.txt").Succeeded();
        Assert.Equal(Quota, Root().Open("file.txt").Failed());
        state.Dispose();
        if (OperatingSystem.IsLinux()) Assert.Equal(1, OpenHandlesBeneath(directory.Path));
    }

    [Fact]
    public void ReadsAreBoundedWhateverIsAskedFor()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory["big"], new byte[3 << 20]);
        var preopen = new Preopen(directory.Path, "/");
        using Descriptor file = Descriptor.Of(preopen, new OpenFiles(10)).Open("big").Succeeded();
        (byte[] bytes, bool isEnd) = file.Read(ulong.MaxValue, 0).Succeeded();
        Assert.Equal((Descriptor.MaxRead, false), (bytes.Length, isEnd));
        Assert.InRange(file.ReadViaStream(0).Succeeded().Read(ulong.MaxValue).Value.Length, 1, Chain.Wasm.Wasi.Io.InputStream.MaxRead);
    }

    [Fact]
    public void APreopenThatIsNotThereSaysSo()
    {
        using var directory = new TemporaryDirectory();
        string missing = directory["missing"];
        Assert.StartsWith($"cannot open the directory {missing}: ", Assert.Throws<DirectoryNotFoundException>(() => new Preopen(missing, "/")).Message);
        File.WriteAllText(directory["file"], "");
        Assert.Throws<DirectoryNotFoundException>(() => new Preopen(directory["file"], "/"));
    }

    [Fact]
    public void GuestsSeePreopensByTheirOwnNames()
    {
        using var directory = new TemporaryDirectory();
        using var store = new ComponentStore(new Chain.Wasm.Execution.Managed.ManagedEngine());
        store.Add(new WasiState(new WasiOptions { Preopens = [new Preopen(directory.Path, "/a"), Preopen.Writable(directory.Path, "b")] }));
        var list = (Func<ComponentStore, (Descriptor, string)[]>)FilesystemInterfaces.Preopens.Functions["get-directories"];
        Assert.Equal(["/a Read", "b Read, MutateDirectory"], list(store).Select(one => $"{one.Item2} {one.Item1.GetFlags().Value}"));
    }

    private static int OpenHandlesBeneath(string path) => OperatingSystem.IsLinux()
        ? new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(file => Target(file)?.StartsWith(path, StringComparison.Ordinal) == true)
        : 0;

    private static string? Target(FileSystemInfo file)
    {
        try
        {
            return file.LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
