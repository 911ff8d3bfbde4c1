using System.Diagnostics;
using System.Runtime.InteropServices;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Filesystem;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>A process of the host swaps a directory for a link out, again and again, while a guest works beneath it.</summary>
public sealed partial class FilesystemRaceTests
{
    private const int CurrentDirectory = -100;
    private const uint Exchange = 2;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(1);

    // A loaded machine may run one of the two threads late.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    [LinuxTheory]
    [InlineData("kernel")]
    [InlineData("walk")]
    public void ALinkThatIsSwappedInIsNeverFollowedOut(string way)
    {
        using var sandbox = new Sandbox(way);
        Directory.CreateDirectory(Path.Combine(sandbox.Inside, "race"));
        File.WriteAllText(Path.Combine(sandbox.Inside, "race", "secret.txt"), "harmless");
        File.CreateSymbolicLink(Path.Combine(sandbox.Inside, "other"), "../outside");
        Descriptor root = sandbox.Root();
        int swaps = 0, reads = 0, refused = 0;
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            string race = Path.Combine(sandbox.Inside, "race"), other = Path.Combine(sandbox.Inside, "other");
            for (; !stop.IsCancellationRequested; swaps++) Rename(CurrentDirectory, race, CurrentDirectory, other, Exchange);
        });
        swapper.Start();
        try
        {
            var time = Stopwatch.StartNew();
            for (int i = 0; time.Elapsed < (reads > 0 && refused > 0 ? Duration : Longest); i++)
            {
                Result<Descriptor, ErrorCode> opened = root.Open("race/secret.txt");
                if (opened.IsError)
                {
                    Assert.Equal(ErrorCode.NotPermitted, opened.Error);
                    refused++;
                }
                else
                {
                    Assert.Equal("harmless", opened.Value.ReadText());
                    opened.Value.Dispose();
                    reads++;
                }

                // None of these may reach the outside; where they reach the inside, they are taken back.
                root.UnlinkFileAt($"race/dir/{i}");
                if (!root.CreateDirectoryAt("race/made").IsError) root.RemoveDirectoryAt("race/made");
                root.RemoveDirectoryAt("race/dir");
                root.RenameAt("file.txt", root, "race/secret.txt.new");
                root.RenameAt("race/secret.txt.new", root, "file.txt");
                root.SetTimesAt(PathFlags.SymlinkFollow, "race/dir", NewTimestamp.Now, NewTimestamp.Now);
                if (root.OpenToWrite("race/created", OpenFlags.Create) is { IsError: false } created) created.Value.Dispose();
                root.Stat("race/../file.txt");
                if (root.Stat("race/secret.txt") is { IsError: false } stat) Assert.Equal((ulong)"harmless".Length, stat.Value.Size);
            }
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }

        Assert.True(reads > 0 && refused > 0, $"{reads} reads, {refused} refused, {swaps} swaps: the race did not happen");
        sandbox.AssertOutsideIsUntouched();
    }

    [LinuxTheory]
    [InlineData("kernel")]
    [InlineData("walk")]
    public void AFileThatIsSwappedForALinkIsNeverFollowedOut(string way)
    {
        using var sandbox = new Sandbox(way);
        string race = Path.Combine(sandbox.Inside, "race"), other = Path.Combine(sandbox.Inside, "other");
        File.WriteAllText(race, "harmless");
        File.CreateSymbolicLink(other, "../outside/secret.txt");
        Descriptor root = sandbox.Root();
        int reads = 0, refused = 0;
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            while (!stop.IsCancellationRequested) Rename(CurrentDirectory, race, CurrentDirectory, other, Exchange);
        });
        swapper.Start();
        try
        {
            var time = Stopwatch.StartNew();
            while (time.Elapsed < (reads > 0 && refused > 0 ? Duration : Longest))
            {
                foreach (bool follow in (bool[])[true, false])
                {
                    Result<Descriptor, ErrorCode> opened = root.OpenAt(
                        follow ? PathFlags.SymlinkFollow : PathFlags.None, "race", OpenFlags.Create, DescriptorFlags.Read | DescriptorFlags.Write);
                    if (opened.IsError)
                    {
                        // The walk may find a link, and then a file where it reads the link.
                        Assert.Contains(opened.Error, (ErrorCode[])[ErrorCode.NotPermitted, ErrorCode.Loop]);
                        refused++;
                        continue;
                    }

                    Assert.Equal("harmless", opened.Value.ReadText());
                    Assert.Equal(8ul, opened.Value.Write("harmless"u8, 0).Succeeded());
                    opened.Value.Dispose();
                    reads++;
                }
            }
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }

        Assert.True(reads > 0 && refused > 0, $"{reads} reads, {refused} refused: the race did not happen");
        sandbox.AssertOutsideIsUntouched();
    }

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int directory, string path, int newDirectory, string newPath, uint flags);
}

/// <summary>A theory about system calls of Linux.</summary>
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "needs Linux";
    }
}

/// <summary>A fact about system calls of Linux.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "needs Linux";
    }
}
