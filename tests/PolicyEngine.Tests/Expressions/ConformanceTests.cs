using System.Text.Json;
using Chain.PolicyEngine.Expressions.Conformance;
using Chain.Tests;

namespace Chain.PolicyEngine.Tests.Expressions;

public sealed class ConformanceTests
{
    [SharedFact("spec/cel.json")]
    public void EveryCoreTestOfTheSpecificationPasses()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Places.Shared, "spec/cel.json")));
        List<ConformanceResult> results = [.. ConformanceSuite.Run(document)];
        Assert.Empty(results.Where(r => r.Outcome == ConformanceOutcome.Failed).Select(r => $"{r.Name}: {r.Expression}: {r.Detail}"));
        Assert.Equal(1402, results.Count(r => r.Outcome == ConformanceOutcome.Passed));
    }
}
