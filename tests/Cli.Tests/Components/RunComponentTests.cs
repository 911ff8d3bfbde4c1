using System.Text.Json;
using Chain.Cli.Tests.Wasm;
using Chain.Tests;

namespace Chain.Cli.Tests.Components;

public sealed class RunComponentTests(ComponentFiles files, SampleFiles modules) : IClassFixture<ComponentFiles>, IClassFixture<SampleFiles>
{
    private static string Ops => Path.Combine(Places.Shared, "samples", "c", "ops-component.wasm");

    [SharedTheory("samples")]
    [InlineData("demo:greet/ops#greet(\"Zoë\")", "\"hello Zoë\"")]
    [InlineData("ops#greet(\"a\\tb\")", "\"hello a\\tb\"")]
    [InlineData("greet/ops#total([])", "0")]
    [InlineData("total([{name: \"a\", qty: 2}, {qty: 5, name: \"b\"}])", "7")]
    public void AFunctionIsCalledAndItsResultWritten(string call, string result) => Prints(Ops, call, result);

    [Theory]
    [InlineData("a/math#one()")]
    [InlineData("test:a/math#one()")]
    [InlineData("test:a/math@1.2.0#one()")]
    [InlineData("test:a/math@1.0.0#one()")]
    [InlineData("test:a/math@1#one()")]
    [InlineData("test:b/math@0.3.0#one()")]
    public void AnInterfaceIsNamedByAsMuchAsTellsItFromOthers(string call) => Prints(files.Calls, call, "1");

    [Theory]
    [InlineData("pick(5)", "5")]
    [InlineData("pick(some(5), none)", "5")]
    [InlineData("pick(none, 7)", "7")]
    public void OptionsMayBeWrittenFlatAndLeftOutAtTheEnd(string call, string result) => Prints(files.Calls, call, result);

    [Fact]
    public void AResourceIsShownAsAHandle() => Prints(files.Resource, "make()", "<own>");

    [Fact]
    public void AnErrorResultIsAResult() => Prints(files.Fails, "run()", "err");

    [SharedFact("samples")]
    public void AResultIsJsonWhereAsked()
    {
        CapturedRun run = CapturedRun.Of("component", "run", Ops, "--invoke", "greet(\"\")", "--json");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        JsonElement result = JsonDocument.Parse(run.Output).RootElement.GetProperty("result");
        Assert.Equal("hello ", result.GetProperty("value").GetString());
        Assert.Equal("\"hello \"", result.GetProperty("wave").GetString());
    }

    [Theory]
    [InlineData("one()", "exports several functions 'one': test:a/math@1.2.0#one, test:b/math@0.3.1#one; say which")]
    [InlineData("math#one()", "exports several functions 'math#one': test:a/math@1.2.0#one, test:b/math@0.3.1#one; say which")]
    [InlineData("test:a/math@2.0.0#one()", "exports test:a/math@1.2.0#one, which does not fit the version asked for in 'test:a/math@2.0.0#one'")]
    [InlineData("test:b/math@0.4.0#one()", "exports test:b/math@0.3.1#one, which does not fit the version asked for in 'test:b/math@0.4.0#one'")]
    [InlineData("pock()", "exports no function 'pock'; near: 'pick'")]
    [InlineData("a/math#bom()", "exports no function 'a/math#bom'; near: 'a/math#boom', 'a/math#one'")]
    public void AFunctionThatIsNotThereIsRefusedInOneLine(string call, string message) => CapturedRun.Of(
        "component", "run", files.Calls, "--invoke", call).FailedWith(ExitCode.BadInput, $"{files.Calls} {message}");

    [Theory]
    [InlineData("pick", "column 5: expected '(' and the arguments, found the end")]
    [InlineData("pick(300)", "column 6: expected a u8 (0 to 255), found '300'")]
    [InlineData("pick(1, 2, 3)", "column 12: expected ')' after 2 arguments (first: option<u8>, second: option<u8>), found '3'")]
    [InlineData("pick(1", "column 7: expected ',' or ')' after an argument, found the end")]
    public void WrongArgumentsAreRefusedAtTheirColumn(string call, string message) => CapturedRun.Of(
        "component", "run", files.Calls, "--invoke", call).FailedWith(ExitCode.BadInput, $"--invoke '{call}', {message}");

    [Fact]
    public void AHandleCannotBeGiven() => CapturedRun.Of("component", "run", files.Resource, "--invoke", "use(1)").FailedWith(
        ExitCode.BadInput, "--invoke 'use(1)', column 5: WAVE has no form for borrow<resource>");

    [Fact]
    public void ATrapEndsTheRun() => CapturedRun.Of("component", "run", files.Calls, "--invoke", "boom()").FailedWith(
        ExitCode.Failed, "wasm trap: unreachable");

    [Fact]
    public void ATrapIsJsonWhereAsked()
    {
        CapturedRun run = CapturedRun.Of("component", "run", files.Calls, "--invoke", "boom()", "--json");
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal("trap", JsonDocument.Parse(run.Output).RootElement.GetProperty("error").GetString());
        Assert.Equal("chain: wasm trap: unreachable\n", run.Error);
    }

    [Fact]
    public void ADeadlineEndsTheGuest() => CapturedRun.Of("component", "run", files.Calls, "--invoke", "forever()", "--deadline", "50").FailedWith(
        ExitCode.Failed, "wasm trap: deadline exceeded");

    [Fact]
    public void AMemoryLimitHolds()
    {
        Assert.Equal("1\n", CapturedRun.Of("component", "run", files.Calls, "--invoke", "grow()").Output);
        Assert.Equal("-1\n", CapturedRun.Of("component", "run", files.Calls, "--invoke", "grow()", "--memory", "100000").Output);
        CapturedRun.Of("component", "run", files.Calls, "--invoke", "grow()", "--memory", "100").FailedWith(
            ExitCode.Failed, "a memory of 1 pages of 64 KiB is larger than the limit of 100 bytes");
    }

    [Fact]
    public void ACommandsResultIsTheExitCode()
    {
        CapturedRun run = CapturedRun.Of("component", "run", files.Fails);
        Assert.Equal((1, "", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public void WhatIsNoCommandIsToldWhatFits()
    {
        CapturedRun.Of("component", "run", files.Calls).FailedWith(
            ExitCode.BadInput,
            $"{files.Calls} is no command: it exports test:a/math@1.2.0, test:b/math@0.3.1, forever, grow, pick, not wasi:cli/run; "
            + "call a function with --invoke 'test:a/math@1.2.0#one()'");
        CapturedRun.Of("component", "run", modules.Component).FailedWith(
            ExitCode.BadInput, $"{modules.Component} is no command: it exports nothing, not wasi:cli/run");
    }

    [SharedFact("samples")]
    public void AServiceIsSentToServe()
    {
        string file = Path.Combine(Places.Shared, "samples", "http", "http-js.wasm.gz");
        CapturedRun.Of("component", "run", file).FailedWith(
            ExitCode.BadInput,
            $"{file} is no command but an HTTP service (it exports wasi:http/incoming-handler); 'chain component serve {file}' runs it");
    }

    [Fact]
    public void ACommandOfAnotherWasiIsRefusedInOneLine() => CapturedRun.Of("component", "run", files.Newer).FailedWith(
        ExitCode.BadInput, $"{files.Newer} exports wasi:cli/run@0.4.0; only commands of WASI 0.2 (wasi:cli/run@0.2.x) can be run");

    [Fact]
    public void AnUnmetImportIsNamedWithWhatWouldMeetIt()
    {
        CapturedRun.Of("component", "run", files.Missing, "--invoke", "go()").FailedWith(
            ExitCode.BadInput,
            $"{files.Missing}: unmet import \"test:missing/thing@1.0.0\" (instance): the host does not offer it, and no component is linked that exports "
            + "'test:missing/thing@1.0.0', or another version of test:missing/thing@1");
        CapturedRun.Of("component", "run", files.Newer, "--invoke", "run()").FailedWith(
            ExitCode.BadInput,
            $"{files.Newer}: unmet import \"wasi:cli/environment@0.4.0\" (instance): there is wasi:cli/environment@0.2.12, which is not compatible");
    }

    [Fact]
    public void WhatNeedsAsyncIsRefusedInOneLine()
    {
        CapturedRun run = CapturedRun.Of("component", "run", files.Async, "--invoke", "go()");
        Assert.Equal((ExitCode.BadInput, ""), (run.ExitCode, run.Output));
        Assert.Matches(@"^chain: .* needs the Component Model's async \(WASI 0\.3\), which is validated but not run yet$", Assert.Single(run.ErrorLines));
    }

    [Fact]
    public void ACoreModuleIsRefusedInOneLine() => CapturedRun.Of("component", "run", modules.Pure).FailedWith(
        ExitCode.BadInput, $"{modules.Pure} is a core module; expected a component");

    [Theory]
    [InlineData("--env X: expected NAME=VALUE", "--env", "X")]
    [InlineData("--env =X: expected NAME=VALUE", "--env", "=X")]
    [InlineData("--dir /tmp: expected HOST::GUEST or HOST::GUEST:ro, a directory here and the guest's name for it", "--dir", "/tmp")]
    [InlineData("--dir /nope::/x: cannot open the directory /nope: No such file or directory", "--dir", "/nope::/x")]
    [InlineData("--memory -1: expected 0 or more", "--memory", "-1")]
    [InlineData("--deadline 0: expected 1 or more", "--deadline", "0")]
    [InlineData("--json shows the result of --invoke; a command's output is its own", "--json")]
    public void AMalformedOptionIsRefusedInOneLine(string message, params string[] options) => CapturedRun.Of(
        ["component", "run", files.Fails, .. options]).FailedWith(ExitCode.BadInput, message);

    [Fact]
    public void AMalformedHostIsRefusedInOneLine()
    {
        CapturedRun run = CapturedRun.Of("component", "run", files.Fails, "--allow-http", "a b");
        Assert.Equal((ExitCode.BadInput, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("chain: --allow-http: 'a b' is no host to allow: expected HOST", Assert.Single(run.ErrorLines));
    }

    private static void Prints(string file, string call, string result)
    {
        CapturedRun run = CapturedRun.Of("component", "run", file, "--invoke", call);
        Assert.Equal("", run.Error);
        Assert.Equal((ExitCode.Ok, result + "\n"), (run.ExitCode, run.Output));
    }
}
