using System.Text.Json;

namespace Chain.Cli.Tests.Wasm;

public sealed class RunCommandTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    [Theory]
    [InlineData("add 1 2", "3")]
    [InlineData("add -1 0x10", "15")]
    [InlineData("add 4294967295 1", "0")]
    [InlineData("swap -5 1.5 inf", "inf|1.5|-5")]
    [InlineData("swap 18446744073709551615 nan -nan:0x1", "-nan:0x1|nan|-1")]
    [InlineData("twice 0x1", "0x00000000000000000000000000000002")]
    [InlineData("null null", "null|null")]
    [InlineData("grow 1", "1")]
    [InlineData("table 0", "1")]
    [InlineData("table 1", "1869376613")]
    public void ResultsArePrintedOneALine(string call, string results)
    {
        CapturedRun run = Call(call);
        Assert.Equal("", run.Error);
        Assert.Equal(results.Split('|'), run.OutputLines);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
    }

    [Theory]
    [InlineData("boom", "unreachable")]
    [InlineData("deep", "call stack exhausted")]
    [InlineData("deep --stack-limit 4000000", "call stack exhausted")]
    [InlineData("forever --timeout 50", "deadline exceeded")]
    [InlineData("forever --fuel 10000", "out of fuel")]
    public void ATrapIsOneLineAndTheFunctionsThatRanWithExitCode1(string call, string trap)
    {
        CapturedRun run = Call(call);
        Assert.Equal($"chain: wasm trap: {trap}", run.ErrorLines[0]);
        Assert.InRange(run.ErrorLines.Length, 1, 12);
        Assert.All(run.ErrorLines[1..], line => Assert.Matches(@"^  (at function \d+|…)", line));
        Assert.Equal("", run.Output);
        Assert.Equal(ExitCode.Failed, run.ExitCode);
    }

    [Fact]
    public void MemoryDoesNotGrowPastItsLimit()
    {
        Assert.Equal("1\n", Call("grow 15 --memory-limit 1048576").Output);
        Assert.Equal("-1\n", Call("grow 16 --memory-limit 1048576").Output);
        CapturedRun none = Call("grow 0 --memory-limit 65535");
        Assert.Equal(ExitCode.Failed, none.ExitCode);
        Assert.Single(none.ErrorLines);
    }

    [Theory]
    [InlineData("add 1", "'add' takes 2 (i32 i32); found 1")]
    [InlineData("boom 1", "'boom' takes no arguments; found 1")]
    [InlineData("add 1 x", "argument 2 of 'add': expected i32 (decimal or 0x…, from -2147483648 to 4294967295), found 'x'")]
    [InlineData("add 1.5 2", "argument 1 of 'add': expected i32 (decimal or 0x…, from -2147483648 to 4294967295), found '1.5'")]
    [InlineData("swap 1 2 three", "argument 3 of 'swap': expected f64 (such as 1.5, -2e10, 0x1.8p3, inf, nan or nan:0x200000), found 'three'")]
    [InlineData("twice 5", "argument 1 of 'twice': expected v128 (up to 32 hexadecimal digits after 0x, the first lane last), found '5'")]
    [InlineData("null 5", "argument 1 of 'null': expected externref (only null can be given here), found '5'")]
    public void WrongArgumentsAreBadInputWithTheirPosition(string call, string line) => Call(call).FailedWith(ExitCode.BadInput, line);

    [Fact]
    public void AnUnknownExportNamesTheNearOnes()
    {
        Call("ad 1 2").FailedWith(ExitCode.BadInput, $"{files.Pure} exports no function 'ad'; near: 'add'");
        Call("total").FailedWith(
            ExitCode.BadInput, $"{files.Pure} exports no function 'total'; there are 'add', 'swap', 'twice' and 6 more");
        Call("memory").FailedWith(ExitCode.BadInput, $"{files.Pure} exports 'memory' as a memory; expected a function");
    }

    [Fact]
    public void UnmetImportsAreNamedWithTheirTypes()
    {
        CapturedRun.Of("wasm", "run", files.Importing, "--invoke", "add", "1", "2").FailedWith(
            ExitCode.BadInput, $"{files.Importing} has unmet imports: spectest.print_i32 (function (param i32)); --spectest offers them");
        Assert.Equal("3\n", CapturedRun.Of("wasm", "run", files.Importing, "--spectest", "--invoke", "add", "1", "2").Output);
    }

    [Fact]
    public void AnInvalidModuleIsBadInputThatNamesFunctionAndOffset()
    {
        CapturedRun run = CapturedRun.Of("wasm", "run", files.Invalid, "--invoke", "add", "1", "2");
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Matches(@"^chain: invalid module \S+ at 0x[0-9a-f]+: .+ \(function 1 'add'\)$", Assert.Single(run.ErrorLines));
    }

    [Theory]
    [InlineData("--timeout 0", "--timeout 0: expected 1 or more")]
    [InlineData("--fuel -1", "--fuel -1: expected 0 or more")]
    [InlineData("--memory-limit -1", "--memory-limit -1: expected 0 or more")]
    [InlineData("--stack-limit 0", "--stack-limit 0: expected 1 or more")]
    public void LimitsOutOfRangeAreBadInput(string option, string line) => Call($"add 1 2 {option}").FailedWith(ExitCode.BadInput, line);

    [Fact]
    public void ALimitThatIsNoNumberIsBadInput()
    {
        CapturedRun run = Call("add 1 2 --timeout soon");
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Contains("'soon'", run.ErrorLines[0]);
    }

    [Fact]
    public void WithoutInvokeTheCommandSaysWhatIsMissing()
    {
        CapturedRun run = CapturedRun.Of("wasm", "run", files.Pure);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Equal("chain: Option '--invoke' is required.", run.ErrorLines[0]);
    }

    [Fact]
    public void JsonHasTypesAndValuesOrTheTrap()
    {
        JsonElement results = Json(Call("swap 1 nan 3 --json")).GetProperty("results");
        Assert.Equal(["f64 3", "f32 nan", "i64 1"], results.EnumerateArray().Select(r => $"{r.GetProperty("type")} {r.GetProperty("value")}"));
        CapturedRun trapped = Call("boom --json");
        Assert.Equal("Unreachable", Json(trapped).GetProperty("trap").GetString());
        Assert.Equal(ExitCode.Failed, trapped.ExitCode);
    }

    private static JsonElement Json(CapturedRun run) => JsonDocument.Parse(run.Output).RootElement;

    private CapturedRun Call(string call) => CapturedRun.Of(["wasm", "run", files.Pure, "--invoke", .. call.Split(' ')]);
}
