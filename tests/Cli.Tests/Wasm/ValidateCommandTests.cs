namespace Chain.Cli.Tests.Wasm;

public sealed class ValidateCommandTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    [Fact]
    public void AValidModuleIsOneLineThatCountsItsParts()
    {
        CapturedRun run = CapturedRun.Of("wasm", "validate", files.Importing, files.Packed);
        Assert.Equal("", run.Error);
        Assert.Equal(
            [
                $"{files.Importing}: valid, 9 functions, 1 import, 10 exports, 360 bytes",
                $"{files.Packed}: valid, 10 functions, 0 imports, 10 exports, 340 bytes",
            ],
            run.OutputLines);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
    }

    [Fact]
    public void AWrongFileDoesNotHideTheOthers()
    {
        CapturedRun run = CapturedRun.Of("wasm", "validate", files.Missing, files.Invalid, files.Pure);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.StartsWith($"{files.Pure}: valid, ", Assert.Single(run.OutputLines));
        Assert.Equal(2, run.ErrorLines.Length);
        Assert.Equal($"chain: no such file: {files.Missing}", run.ErrorLines[0]);
        Assert.Matches(@"^chain: invalid module \S+ at 0x[0-9a-f]+: .+ \(function 1 'add'\)$", run.ErrorLines[1]);
    }

    [Fact]
    public void WithoutAFileTheCommandSaysWhatIsMissing()
    {
        CapturedRun run = CapturedRun.Of("wasm", "validate");
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Equal("chain: see 'chain wasm validate --help'", run.ErrorLines[^1]);
    }
}
