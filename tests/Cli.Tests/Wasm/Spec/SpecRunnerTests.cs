using System.Text;
using Chain.Cli.Wasm.Spec;

namespace Chain.Cli.Tests.Wasm.Spec;

public sealed class SpecRunnerTests
{
    [Fact]
    public void AnExceptionFailsItsCommandAndTheRunGoesOn()
    {
        ScriptResult result = Run("""{"type":"pass","line":1},{"type":"throw","line":2},{"type":"skip","line":3},{"type":"pass","line":4}""");
        Assert.Equal((2, 1, 1), (result.Passed, result.Failed, result.Skipped));
        Assert.Equal(new Remark("g/a.json", 2, "throw", Verdict.Failed, "unexpected NotSupportedException: no"), result.Remarks[0]);
        Assert.Equal(new Remark("g/a.json", 3, "skip", Verdict.Skipped, "why"), result.Remarks[1]);
    }

    [Fact]
    public void EveryScriptHasAHarnessOfItsOwnAndResultsKeepTheOrder()
    {
        ScriptFolder[] scripts = [.. Enumerable.Range(0, 20).Select(i => Folder($"s{i}", """{"type":"pass","line":1}"""))];
        int created = 0;
        int disposed = 0;
        var runner = new SpecRunner((_, _) =>
        {
            Interlocked.Increment(ref created);
            return new ScriptedHarness(() => Interlocked.Increment(ref disposed));
        });
        IReadOnlyList<ScriptResult> results = runner.Run(scripts, 4);
        Assert.Equal(scripts.Select(script => script.Name), results.Select(result => result.Name));
        Assert.Equal((20, 20), (created, disposed));
    }

    [Fact]
    public void AFileThatIsNoScriptIsBadInput()
    {
        var files = new Dictionary<string, byte[]> { ["a.json"] = "{\n \"commands\": 5}"u8.ToArray() };
        var error = Assert.Throws<CommandException>(() => new SpecRunner((_, _) => new ScriptedHarness()).Run([new ScriptFolder("a", "g/a.json", files)], 1));
        Assert.StartsWith("g/a.json is no converted script, at line 2: ", error.Message);
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
    }

    private static ScriptResult Run(string commands) => new SpecRunner((_, _) => new ScriptedHarness()).Run([Folder("a", commands)], 1)[0];

    private static ScriptFolder Folder(string name, string commands) => new(
        name,
        $"g/{name}.json",
        new Dictionary<string, byte[]> { [$"{name}.json"] = Encoding.UTF8.GetBytes($$"""{"source_filename":"a.wast","commands":[{{commands}}]}""") });

    private sealed class ScriptedHarness(Action? disposed = null) : ISpecHarness
    {
        public Outcome Execute(ScriptCommand command) => command.Type switch
        {
            "pass" => Outcome.Passed,
            "skip" => Outcome.Skipped("why"),
            _ => throw new NotSupportedException("no"),
        };

        public void Dispose() => disposed?.Invoke();
    }
}
