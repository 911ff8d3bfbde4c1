namespace Chain.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void AnUnknownCommandIsBadInputAndPointsAtHelp()
    {
        CapturedRun run = CapturedRun.Of("wasm", "valdate", "x.wasm");
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Equal("chain: see 'chain wasm --help'", run.ErrorLines[^1]);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public void HelpIsAnswered()
    {
        CapturedRun run = CapturedRun.Of("--help");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("Usage:", run.Output);
    }

    [Fact]
    public void AnArgumentWithAnAtSignIsNoFileOfArguments()
    {
        CapturedRun run = CapturedRun.Of("wasm", "dump", "@nothing-here");
        run.FailedWith(ExitCode.BadInput, "no such file: @nothing-here");
    }
}
