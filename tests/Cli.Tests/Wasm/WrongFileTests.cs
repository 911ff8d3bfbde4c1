namespace Chain.Cli.Tests.Wasm;

/// <summary>What a newcomer may hand to any of the commands in place of a module.</summary>
public sealed class WrongFileTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    public static TheoryData<string> Commands => ["validate", "dump", "run"];

    [Theory]
    [MemberData(nameof(Commands))]
    public void AMissingFile(string command) => Run(command, files.Missing, $"no such file: {files.Missing}");

    [Theory]
    [MemberData(nameof(Commands))]
    public void AFolder(string command) =>
        Run(command, files.Folder, $"{files.Folder} is a folder; expected a WebAssembly module (.wasm or .wasm.gz)");

    [Theory]
    [MemberData(nameof(Commands))]
    public void SomethingElse(string command) => Run(
        command, files.Text, $"malformed module {files.Text} at 0x0: magic header not detected: expected the bytes 00 61 73 6d");

    [Theory]
    [MemberData(nameof(Commands))]
    public void AnEmptyFile(string command) => Run(
        command, files.Empty, $"malformed module {files.Empty} at 0x0: magic header not detected: expected the bytes 00 61 73 6d");

    [Theory]
    [MemberData(nameof(Commands))]
    public void AComponent(string command) => Run(command, files.Component, $"{files.Component} is a component; expected a core module");

    [Theory]
    [MemberData(nameof(Commands))]
    public void ATruncatedModule(string command) => Run(
        command,
        files.Truncated,
        $"malformed module {files.Truncated} at 0x9a: unexpected end: section of 88 bytes declared, 14 left");

    [Theory]
    [MemberData(nameof(Commands))]
    public void ATruncatedGzipFile(string command)
    {
        CapturedRun run = Start(command, files.PackedTruncated);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.StartsWith($"chain: cannot read {files.PackedTruncated}: ", Assert.Single(run.ErrorLines));
    }

    private static CapturedRun Start(string command, string file) =>
        command == "run" ? CapturedRun.Of("wasm", "run", file, "--invoke", "add", "1", "2") : CapturedRun.Of("wasm", command, file);

    private static void Run(string command, string file, string line) => Start(command, file).FailedWith(ExitCode.BadInput, line);
}
