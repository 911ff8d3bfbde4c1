using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Clocks;
using Chain.Wasm.Wasi.Filesystem;
using Chain.Wasm.Wasi.Io;
using static Chain.Wasm.Wasi.Filesystem.ErrorCode;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>What the functions of <c>wasi:filesystem/types</c> do inside, by each way of resolving paths.</summary>
public sealed class FilesystemTests
{
    public static TheoryData<string> Ways => [.. Sandbox.Ways];

    [Theory]
    [MemberData(nameof(Ways))]
    public void PathsInsideLeadWhereTheySay(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        foreach (string path in (string[])["file.txt", "./file.txt", "dir/../file.txt", "link-in", "link-dir-in/../file.txt", "self/self/file.txt", ".//file.txt"])
            Assert.Equal("inside", root.Open(path).Succeeded().ReadText());
        foreach (string path in (string[])["dir/inner.txt", "link-dir-in/inner.txt", "dir/sub/../inner.txt", "dir//inner.txt"])
            Assert.Equal("inner", root.Open(path).Succeeded().ReadText());
        Descriptor directory = root.Open("link-dir-in/", follow: false).Succeeded();
        Assert.Equal(DescriptorType.Directory, directory.GetDescriptorType().Value);
        Assert.Equal("inner", directory.Open("sub/../inner.txt").Succeeded().ReadText());
        Assert.Equal(NoEntry, root.Open("not-there").Failed());
        Assert.Equal(NoEntry, root.Open("not-there/x").Failed());
        Assert.Equal(NoEntry, root.Open("dangling-in").Failed());
        Assert.Equal(NotDirectory, root.Open("file.txt", OpenFlags.Directory).Failed());
        Assert.Equal(DescriptorType.Directory, root.Open(".").Succeeded().GetDescriptorType().Value);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void FilesAreMadeWrittenAndRead(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        using Descriptor file = root.OpenToWrite("new.txt", OpenFlags.Create | OpenFlags.Exclusive).Succeeded();
        Assert.Equal(Exist, root.OpenToWrite("new.txt", OpenFlags.Create | OpenFlags.Exclusive).Failed());
        Assert.Equal(5ul, file.Write("hello"u8, 3).Succeeded());
        (byte[] bytes, bool isEnd) = file.Read(5, 0).Succeeded();
        Assert.Equal("\0\0\0he", Encoding.UTF8.GetString(bytes));
        Assert.False(isEnd);
        (bytes, isEnd) = file.Read(100, 5).Succeeded();
        Assert.Equal("llo", Encoding.UTF8.GetString(bytes));
        Assert.True(isEnd);
        Assert.Empty(file.Read(100, 1000).Succeeded().Bytes);
        file.SetSize(4).Succeeded();
        Assert.Equal(4ul, file.Stat().Succeeded().Size);
        file.SetSize(6).Succeeded();
        Assert.Equal("\0\0\0h\0\0", file.ReadText());
        file.Sync(dataOnly: false).Succeeded();
        file.Sync(dataOnly: true).Succeeded();
        file.Advise(0, 10, Advice.WillNeed).Succeeded();
        Assert.Equal(DescriptorFlags.Read | DescriptorFlags.Write, file.GetFlags().Value);
        using (Descriptor again = root.OpenToWrite("new.txt", OpenFlags.Truncate).Succeeded()) Assert.Equal(0ul, again.Stat().Succeeded().Size);
        Assert.Equal("made through a link", Written(root.OpenToWrite("dangling-in", OpenFlags.Create).Succeeded(), "made through a link"));
        Assert.Equal("made through a link", File.ReadAllText(Path.Combine(sandbox.Inside, "not-there.txt")));
        Assert.Equal(Invalid, root.Open("file.txt", OpenFlags.Truncate).Failed());
        Assert.Equal(Invalid, root.OpenToWrite("x", OpenFlags.Create | OpenFlags.Directory).Failed());
        Assert.Equal(IsDirectory, root.OpenToWrite("x/", OpenFlags.Create).Failed());
        Assert.Equal(IsDirectory, root.OpenToWrite("dir").Failed());
        Assert.Equal(FileTooLarge, file.Write("x"u8, ulong.MaxValue).Failed());
        Assert.Equal(Invalid, file.Read(1, ulong.MaxValue).Failed());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void StreamsReadWriteAndAppendIndependently(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        Descriptor file = root.OpenToWrite("stream.txt", OpenFlags.Create).Succeeded();
        using OutputStream write = file.WriteViaStream(2).Succeeded(), append = file.AppendViaStream().Succeeded();
        using InputStream read = file.ReadViaStream(1).Succeeded();

        // Streams outlive the handle that they came from.
        file.Dispose();
        Assert.False(write.BlockingWriteAndFlush("cd"u8).IsError);
        Assert.False(append.BlockingWriteAndFlush("ef"u8).IsError);
        Assert.False(write.BlockingWriteAndFlush("CD"u8).IsError);
        Assert.False(append.BlockingWriteAndFlush("gh"u8).IsError);
        Assert.False(append.BlockingWriteZeroesAndFlush(1).IsError);
        Assert.Equal("\0\0cdCDgh\0", File.ReadAllText(Path.Combine(sandbox.Inside, "stream.txt")));
        Assert.Equal("\0cdC", Encoding.UTF8.GetString(read.Read(4).Value));
        Assert.Equal(2ul, read.Skip(2).Value);
        Assert.Equal("h\0", Encoding.UTF8.GetString(read.BlockingRead(100).Value));
        Assert.True(read.Read(1).Error.IsClosed);
    }

    [LinuxFact]
    public void AnErrorOfAFilesStreamHasItsCode()
    {
        using var sandbox = new Sandbox("kernel");
        Descriptor root = sandbox.Root();
        using OutputStream output = root.OpenToWrite("far.txt", OpenFlags.Create).Succeeded().WriteViaStream(long.MaxValue).Succeeded();
        output.CheckWrite();
        IoError error = output.Write("x"u8).Error.Error!;
        var code = (Func<IoError, ErrorCode?>)FilesystemInterfaces.Types.Functions["filesystem-error-code"];
        Assert.Equal(FileTooLarge, code(error));
        Assert.Null(code(new IoError("of something else")));
        Assert.True(output.CheckWrite().Error.IsClosed);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void DirectoriesAreMadeListedAndRemoved(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        root.CreateDirectoryAt("made").Succeeded();
        root.CreateDirectoryAt("made/below/").Succeeded();
        Assert.Equal(Exist, root.CreateDirectoryAt("made").Failed());
        Assert.Equal(Exist, root.CreateDirectoryAt("file.txt").Failed());
        Assert.Equal(Exist, root.CreateDirectoryAt(".").Failed());
        Assert.Equal(NoEntry, root.CreateDirectoryAt("not-there/x").Failed());
        Written(root.OpenToWrite("made/a.txt", OpenFlags.Create).Succeeded(), "a");
        root.SymlinkAt("a.txt", "made/link").Succeeded();
        Descriptor made = root.Open("made", OpenFlags.Directory).Succeeded();
        Assert.Equal(["Directory below", "RegularFile a.txt", "SymbolicLink link"], List(made).Order());
        Assert.Equal(List(made), List(made));
        Assert.Equal(NotEmpty, root.RemoveDirectoryAt("made").Failed());
        Assert.Equal(IsDirectory, root.UnlinkFileAt("made").Failed());
        Assert.Equal(NotDirectory, root.RemoveDirectoryAt("made/a.txt").Failed());
        made.UnlinkFileAt("a.txt").Succeeded();
        made.UnlinkFileAt("link").Succeeded();
        made.RemoveDirectoryAt("below").Succeeded();
        root.RemoveDirectoryAt("made/").Succeeded();
        Assert.Equal(NoEntry, root.Stat("made").Failed());
        Assert.Equal(NoEntry, root.UnlinkFileAt("made").Failed());
        Assert.Equal(NoEntry, root.RemoveDirectoryAt("made").Failed());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void ALongDirectoryIsListedToItsEnd(string way)
    {
        using var sandbox = new Sandbox(way);
        string many = Directory.CreateDirectory(Path.Combine(sandbox.Inside, "many")).FullName;
        string[] names = [.. Enumerable.Range(0, 1000).Select(i => $"a-file-with-a-name-of-some-length-{i:D5}")];
        foreach (string name in names) File.Create(Path.Combine(many, name)).Dispose();
        Assert.Equal(names.Select(name => $"RegularFile {name}"), List(sandbox.Root().Open("many").Succeeded()).Order(StringComparer.Ordinal));
    }

    [LinuxFact]
    public void ANameThatIsNotUtf8IsSteppedOver()
    {
        using var sandbox = new Sandbox("kernel");
        string strange = Directory.CreateDirectory(Path.Combine(sandbox.Inside, "strange")).FullName;
        File.Create(Path.Combine(strange, "good")).Dispose();
        Shell($"touch \"$(printf '{strange}/bad\\377')\"");
        using DirectoryEntryStream entries = sandbox.Root().Open("strange").Succeeded().ReadDirectory().Succeeded();
        Result<DirectoryEntry?, ErrorCode>[] both = [entries.ReadDirectoryEntry(), entries.ReadDirectoryEntry()];
        Assert.Equal("good", Assert.Single(both, entry => !entry.IsError).Value!.Name);
        Assert.Equal(IllegalByteSequence, Assert.Single(both, entry => entry.IsError).Error);
        Assert.Null(entries.ReadDirectoryEntry().Succeeded());

        // .NET cannot remove it.
        Shell($"rm -r {strange}");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void RenamingMovesAndReplaces(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root(), directory = root.Open("dir").Succeeded();
        root.RenameAt("file.txt", directory, "sub/moved.txt").Succeeded();
        Assert.Equal("inside", root.Open("dir/sub/moved.txt").Succeeded().ReadText());
        root.RenameAt("dir/sub/moved.txt", root, "dir/inner.txt").Succeeded();
        Assert.Equal("inside", root.Open("dir/inner.txt").Succeeded().ReadText());
        directory.RenameAt("sub", root, "sub2/").Succeeded();
        Assert.Equal(DescriptorType.Directory, root.Stat("sub2").Succeeded().Type);
        Assert.Equal(NotDirectory, root.RenameAt("sub2", root, "dir/inner.txt").Failed());
        Assert.Equal(IsDirectory, root.RenameAt("dir/inner.txt", root, "sub2").Failed());
        Assert.Equal(NotEmpty, root.RenameAt("sub2", root, "dir").Failed());
        Assert.Equal(Invalid, root.RenameAt("dir", root, "dir/below-itself").Failed());
        Assert.Equal(NoEntry, root.RenameAt("not-there", root, "x").Failed());
        Assert.Equal(NotDirectory, root.RenameAt("dir/inner.txt/", root, "x").Failed());
        root.RenameAt("link-up", root, "link-up-2").Succeeded();
        Assert.Equal("../outside/secret.txt", root.ReadlinkAt("link-up-2").Succeeded());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void LinksAreMadeAndRead(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        root.SymlinkAt("dir/inner.txt", "soft").Succeeded();
        Assert.Equal("dir/inner.txt", root.ReadlinkAt("soft").Succeeded());
        Assert.Equal("inner", root.Open("soft").Succeeded().ReadText());
        Assert.Equal(Exist, root.SymlinkAt("x", "soft").Failed());
        Assert.Equal(Invalid, root.ReadlinkAt("file.txt").Failed());
        Assert.Equal(Invalid, root.ReadlinkAt(".").Failed());
        Assert.Equal(NoEntry, root.ReadlinkAt("not-there").Failed());
        DescriptorStat link = root.Stat("soft", follow: false).Succeeded();
        Assert.Equal((DescriptorType.SymbolicLink, 13ul), (link.Type, link.Size));
        root.UnlinkFileAt("soft").Succeeded();
        Assert.Equal("inner", root.Open("dir/inner.txt").Succeeded().ReadText());
        if (way == "portable")
        {
            Assert.Equal(Unsupported, root.LinkAt(PathFlags.None, "file.txt", root, "hard").Failed());
            return;
        }

        root.LinkAt(PathFlags.None, "file.txt", root, "dir/hard").Succeeded();
        Assert.Equal("inside", root.Open("dir/hard").Succeeded().ReadText());
        Assert.Equal(2ul, root.Stat("file.txt").Succeeded().LinkCount);
        Assert.True(root.Open("file.txt").Succeeded().IsSameObject(root.Open("dir/hard").Succeeded()));
        Assert.Equal(Exist, root.LinkAt(PathFlags.None, "file.txt", root, "dir/hard").Failed());
        Assert.Equal(NotPermitted, root.LinkAt(PathFlags.None, "dir", root, "dir2").Failed());
        Assert.Equal(NoEntry, root.LinkAt(PathFlags.None, "not-there", root, "x").Failed());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void TimesAreSetAndShown(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        Datetime first = new(1_000_000_000, 123_456_700), second = new(1_100_000_000, 0);
        root.SetTimesAt(PathFlags.SymlinkFollow, "link-in", NewTimestamp.At(first), NewTimestamp.At(second)).Succeeded();
        DescriptorStat stat = root.Stat("file.txt").Succeeded();
        Assert.Equal((first, second), (stat.DataAccessTimestamp!.Value, stat.DataModificationTimestamp!.Value));
        using Descriptor file = root.OpenToWrite("file.txt").Succeeded();
        file.SetTimes(NewTimestamp.NoChange, NewTimestamp.At(first)).Succeeded();
        stat = file.Stat().Succeeded();
        Assert.Equal((first, first), (stat.DataAccessTimestamp!.Value, stat.DataModificationTimestamp!.Value));
        file.SetTimes(NewTimestamp.Now, NewTimestamp.NoChange).Succeeded();
        Assert.True(file.Stat().Succeeded().DataAccessTimestamp!.Value.Seconds > 1_700_000_000);
        Assert.Equal(Invalid, file.SetTimes(NewTimestamp.At(new Datetime(1, 1_000_000_000)), NewTimestamp.NoChange).Failed());
        root.Open("dir").Succeeded().SetTimes(NewTimestamp.NoChange, NewTimestamp.At(first)).Succeeded();
        Assert.Equal(first, root.Stat("dir").Succeeded().DataModificationTimestamp);
        if (way == "portable") return;
        root.SetTimesAt(PathFlags.None, "link-up", NewTimestamp.NoChange, NewTimestamp.At(first)).Succeeded();
        Assert.Equal(first, root.Stat("link-up", follow: false).Succeeded().DataModificationTimestamp);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void HashesTellFilesAndTheirStatesApart(string way)
    {
        using var sandbox = new Sandbox(way);
        Descriptor root = sandbox.Root();
        MetadataHashValue hash = root.MetadataHashAt(PathFlags.None, "file.txt").Succeeded();
        Assert.Equal(hash, root.Open("link-in").Succeeded().MetadataHash().Succeeded());
        Assert.NotEqual(hash, root.MetadataHashAt(PathFlags.None, "dir/inner.txt").Succeeded());
        Assert.NotEqual(hash, root.MetadataHashAt(PathFlags.None, "link-in").Succeeded());
        Assert.True(root.IsSameObject(root.Open("dir/..").Succeeded()));
        Assert.False(root.IsSameObject(root.Open("dir").Succeeded()));
        Written(root.OpenToWrite("file.txt").Succeeded(), "changed it");
        Assert.NotEqual(hash, root.MetadataHashAt(PathFlags.None, "file.txt").Succeeded());
    }

    [LinuxFact]
    public void AWalkHoldsNoMoreThanSoManyDirectories()
    {
        using var sandbox = new Sandbox("walk");
        Descriptor here = sandbox.Root();
        for (int i = 0; i < 300; i++)
        {
            here.CreateDirectoryAt("d").Succeeded();
            here = here.Open("d").Succeeded();
        }

        string Down(int depth) => string.Concat(Enumerable.Repeat("d/", depth));
        Assert.Equal(DescriptorType.Directory, sandbox.Root().Stat(Down(256)).Succeeded().Type);
        Assert.Equal(NameTooLong, sandbox.Root().Stat(Down(300)).Failed());
        Assert.Equal(DescriptorType.Directory, sandbox.Root().Stat(string.Concat(Enumerable.Repeat("dir/../", 500))).Succeeded().Type);
        Assert.Equal(DescriptorType.Directory, sandbox.Root().Open(Down(200)).Succeeded().Stat(Down(100)).Succeeded().Type);
    }

    [LinuxTheory]
    [InlineData("kernel")]
    [InlineData("walk")]
    public void WhatMayWaitOrDoThingsIsNotOpened(string way)
    {
        using var sandbox = new Sandbox(way);
        Shell($"mkfifo {sandbox.Inside}/fifo");
        Descriptor root = sandbox.Root(), devices = sandbox.Open("/dev"), process = sandbox.Open("/proc/self");
        Assert.Equal(DescriptorType.Fifo, root.Stat("fifo").Succeeded().Type);
        Assert.Equal(NotPermitted, root.Open("fifo").Failed());
        Assert.Contains(root.OpenAt(PathFlags.None, "fifo", OpenFlags.None, DescriptorFlags.Write).Failed(), (ErrorCode[])[NotPermitted, NoSuchDevice]);
        Assert.Equal(NotPermitted, devices.Open("zero").Failed());

        // Links of /proc lead anywhere without saying so.
        foreach (string magic in (string[])["root/etc/passwd", "cwd", "exe", "fd/0/x", "task/../root/etc"])
            Assert.Contains(process.Open(magic).Failed(), (ErrorCode[])[NotPermitted, Loop, NoEntry]);
        Assert.Equal(DescriptorType.RegularFile, process.Open("status").Succeeded().GetDescriptorType().Value);
    }

    internal static List<string> List(Descriptor directory)
    {
        var names = new List<string>();
        using DirectoryEntryStream entries = directory.ReadDirectory().Succeeded();
        while (entries.ReadDirectoryEntry().Succeeded() is { } entry) names.Add($"{entry.Type} {entry.Name}");
        Assert.Null(entries.ReadDirectoryEntry().Succeeded());
        return names;
    }

    private static void Shell(string command)
    {
        using var shell = System.Diagnostics.Process.Start("sh", ["-c", command]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private static string Written(Descriptor file, string text)
    {
        using (file)
        {
            file.Write(Encoding.UTF8.GetBytes(text), 0).Succeeded();
            return file.ReadText();
        }
    }
}
