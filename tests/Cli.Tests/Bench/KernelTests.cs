using Chain.Cli.Bench;

namespace Chain.Cli.Tests.Bench;

public sealed class KernelTests
{
    private static readonly string Folder = Path.Combine(Chain.Tests.Places.Repository, "bench", "engine");

    public static TheoryData<string> Names => [.. Kernel.Load(Folder, []).Select(kernel => kernel.Name)];

    /// <summary>Small arguments: the sums are compared here, the speed by the command.</summary>
    [NodeTheory]
    [MemberData(nameof(Names))]
    public void AKernelComputesTheSameAsInV8(string name)
    {
        Kernel kernel = Assert.Single(Kernel.Load(Folder, [name])) with { N = 4 };
        var report = new BenchReport("test");
        using PeerProcess? peer = PeerProcess.TryStart(Path.Combine(Folder, "peer.mjs"), report);
        var theirs = new V8KernelRunner(Assert.IsType<PeerProcess>(peer));
        using var ours = new ManagedKernelRunner();
        var once = new WarmUp(Calls: 1, Milliseconds: 0);
        ours.Prepare(kernel, once);
        theirs.Prepare(kernel, once);
        KernelRun ourRun = ours.Run(kernel);
        Assert.Equal(theirs.Run(kernel).Checksum, ourRun.Checksum);
        Assert.True(ourRun.Nanoseconds > 0);
    }

    [Fact]
    public void AnUnknownKernelIsBadInputAndNamesTheKnownOnes()
    {
        var e = Assert.Throws<CommandException>(() => Kernel.Load(Folder, ["nope"]));
        Assert.Equal(ExitCode.BadInput, e.ExitCode);
        Assert.Contains("crc32", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryKernelsModuleIsBesideItsSource() => Assert.All(Kernel.Load(Folder, []), kernel =>
    {
        Assert.InRange(new FileInfo(kernel.Path).Length, 50, 20 * 1024);
        Assert.True(File.Exists(Path.ChangeExtension(kernel.Path, ".c")));
    });

    [NodeFact]
    public void ThePeersErrorEndsTheCommandAndNamesTheQuestion()
    {
        var report = new BenchReport("test");
        using PeerProcess? peer = PeerProcess.TryStart(Path.Combine(Folder, "peer.mjs"), report);
        var e = Assert.Throws<CommandException>(() => peer!.Ask<object>(new { op = "load", name = "x", path = "/does/not/exist.wasm" }));
        Assert.Contains("/does/not/exist.wasm", e.Message, StringComparison.Ordinal);
        Assert.StartsWith("V8 ", peer!.Name, StringComparison.Ordinal);
    }
}
