using System.Text.Json;
using Chain.Cli.Wasm.Spec;
using Chain.Tests;

namespace Chain.Cli.Tests.Wasm.Spec;

public sealed class SpecCommandTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    private static string Core => Path.Combine(Places.Shared, "spec", "core.tar.gz");

    [Fact]
    public void PathsThatHoldNoScriptsAreBadInput()
    {
        CapturedRun.Of("wasm", "spec", files.Missing).FailedWith(ExitCode.BadInput, $"no such file or folder: {files.Missing}");
        CapturedRun.Of("wasm", "spec", files.Folder).FailedWith(
            ExitCode.BadInput, $"{files.Folder} holds no converted scripts; expected NAME/NAME.json with NAME/NAME.N.wasm beside it");
        CapturedRun run = CapturedRun.Of("wasm", "spec", files.Text);
        Assert.StartsWith($"chain: {files.Text} is no folder, .tar.gz or script: ", Assert.Single(run.ErrorLines));
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
    }

    [SharedFact("spec/core.tar.gz")]
    public void AnUnknownGroupOrPatternIsBadInputThatSaysWhatThereIs()
    {
        CapturedRun group = CapturedRun.Of("wasm", "spec", Core, "--group", "bass");
        Assert.Equal(ExitCode.BadInput, group.ExitCode);
        Assert.Contains("has no group 'bass'; it has base, reference-types,", Assert.Single(group.ErrorLines));
        CapturedRun.Of("wasm", "spec", Core, "--filter", "adress").FailedWith(
            ExitCode.BadInput, "no script matches 'adress'; near: 'address', 'address0', 'address1'");
    }

    [SharedFact("spec/core.tar.gz")]
    public void TheRunEndsWithTheCountAndReasonsForSkips()
    {
        CapturedRun run = CapturedRun.Of("wasm", "spec", Core, "--filter", "fac", "--filter", "fac");
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        run = CapturedRun.Of("wasm", "spec", Core, "--filter", "i32");
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Matches(@"^  core/i32/i32\.json +458 +0 +2 +\d+$", run.OutputLines[2]);
        Assert.Equal(["skipped 2: needs a text parser", "458 passed, 0 failed, 2 skipped"], run.OutputLines[^2..]);
        CapturedRun verbose = CapturedRun.Of("wasm", "spec", Core, "--filter", "i32", "--verbose");
        Assert.Contains("skipped core/i32/i32.json:", verbose.Output);
    }

    [SharedFact("spec/core.tar.gz")]
    public void JsonCountsByFile()
    {
        JsonElement json = JsonDocument.Parse(CapturedRun.Of("wasm", "spec", Core, "--group", "tail-call", "--json").Output).RootElement;
        Assert.Equal(0, json.GetProperty("failed").GetInt32());
        Assert.Equal(11, json.GetProperty("skipped").GetInt32());
        Assert.Equal(2, json.GetProperty("files").GetArrayLength());
    }

    [Fact]
    public void AFailureSaysFileLineExpectedAndFound()
    {
        Directory.CreateDirectory(Path.Combine(files.Folder, "suite", "a"));
        File.Copy(files.Pure, Path.Combine(files.Folder, "suite", "a", "a.0.wasm"), true);
        files.Write("suite/a/a.json", """
            {"source_filename":"a.wast","commands":[
            {"type":"module","line":1,"filename":"a.0.wasm","module_type":"binary"},
            {"type":"assert_return","line":2,"action":{"type":"invoke","field":"add","args":[{"type":"i32","value":"1"},{"type":"i32","value":"2"}]},"expected":[{"type":"i32","value":"4"}]},
            {"type":"assert_trap","line":3,"action":{"type":"invoke","field":"boom","args":[]},"text":"integer overflow"},
            {"type":"assert_trap","line":4,"action":{"type":"invoke","field":"add","args":[]},"text":"unreachable"},
            {"type":"assert_invalid","line":5,"filename":"a.1.wasm","module_type":"binary","text":"type mismatch"},
            {"type":"assert_trap","line":6,"action":{"type":"invoke","field":"boom","args":[]},"text":"unreachable"}]}
            """u8);
        CapturedRun run = CapturedRun.Of("wasm", "spec", Path.Combine(files.Folder, "suite"));
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal("failed a/a.json:2 assert_return: expected i32 4, found i32 3", run.OutputLines[3]);
        Assert.Equal("failed a/a.json:3 assert_trap: expected the trap 'integer overflow', found wasm trap: unreachable", run.OutputLines[4]);
        Assert.StartsWith("failed a/a.json:4 assert_trap: unexpected ArgumentException: ", run.OutputLines[5]);
        Assert.Equal("failed a/a.json:5 assert_invalid: unexpected FileNotFoundException: a.1.wasm is not beside a/a.json", run.OutputLines[6]);
        Assert.Equal("2 passed, 4 failed, 0 skipped", run.OutputLines[^1]);
    }

    [SharedFact("spec/core.tar.gz")]
    public void TheArchiveHoldsEveryScriptOfTheSuite()
    {
        IReadOnlyList<ScriptFolder> scripts = ScriptFolders.Open(Core);
        Assert.Equal(257, scripts.Count);
        Assert.Equal(65_184, scripts.Sum(script => script.ReadScript().Commands.Count));
        Assert.Equal(59, ScriptSelection.ByGroup(scripts, Core, "simd").Count);
    }
}
