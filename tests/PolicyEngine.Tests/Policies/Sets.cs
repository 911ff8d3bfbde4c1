using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Tests.Policies;

/// <summary>Sets and calls for tests.</summary>
internal static class Sets
{
    public static PolicySet Load(string yaml) => PolicyLoader.Load([new PolicyFile("p.yaml", yaml)], new LabelStore());

    public static CallFacts Call(PolicySet set, string callee, string data = "", string chain = "", string caller = "outside", PolicyEvent on = PolicyEvent.Call, string region = "") =>
        GivenCallFacts.Of(
            new GivenCall
            {
                Caller = caller,
                Callee = callee,
                Data = data.Split(',', StringSplitOptions.RemoveEmptyEntries),
                Chain = [.. chain.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(c => (c, (IReadOnlyList<string>)[]))],
                Event = on,
                CalleeLabels = region.Length == 0 ? new Dictionary<string, string>() : new Dictionary<string, string> { ["region"] = region },
            },
            set.Labels);

    public static string Decide(string yaml, string callee, string data = "", string chain = "", string caller = "outside", PolicyEvent on = PolicyEvent.Call, string region = "")
    {
        PolicySet set = Load(yaml);
        return set.Decide(Call(set, callee, data, chain, caller, on, region)).ToString();
    }
}
