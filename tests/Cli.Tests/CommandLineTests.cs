namespace Chain.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void AnUnknownCommandIsBadInput() => Assert.Equal(ExitCode.BadInput, Program.Main(["no-such-command"]));

    [Fact]
    public void HelpIsAnswered() => Assert.Equal(ExitCode.Ok, Program.Main(["--help"]));
}
