using Chain.Cli.Wasm.Spec;
using Chain.Tests;
using Chain.Wasm.Execution.Managed;

namespace Chain.Cli.Tests.Wasm.Spec;

public sealed class CoreSuiteTests
{
    [SharedFact("spec/core.tar.gz")]
    public void EveryCommandOfTheCoreSuitePassesButThoseOnTextOnly()
    {
        var engine = new ManagedEngine();
        var runner = new SpecRunner((folder, _) => new CoreHarness(folder, engine));
        IReadOnlyList<ScriptResult> results = runner.Run(
            ScriptFolders.Open(Path.Combine(Places.Shared, "spec", "core.tar.gz")), Environment.ProcessorCount);
        Remark[] remarks = [.. results.SelectMany(result => result.Remarks)];
        Assert.DoesNotContain(remarks, remark => remark.Verdict == Verdict.Failed);
        Assert.All(remarks, remark => Assert.Equal(("assert_malformed", CoreHarness.NeedsText), (remark.Command, remark.Detail)));

        // 65,184 commands in the suite's README: 62,498 assertions and 2,686 others; 1,229 are on text only.
        var report = new SpecReport(results);
        Assert.Equal("63955 passed, 0 failed, 1229 skipped", report.Count);
    }
}
