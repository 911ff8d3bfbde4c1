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
    public void TheArchiveHoldsEveryScriptOfTheSuite()
    {
        IReadOnlyList<ScriptFolder> scripts = ScriptFolders.Open(Core);
        Assert.Equal(257, scripts.Count);
        Assert.Equal(65_184, scripts.Sum(script => script.ReadScript().Commands.Count));
        Assert.Equal(59, ScriptSelection.ByGroup(scripts, Core, "simd").Count);
    }
}
