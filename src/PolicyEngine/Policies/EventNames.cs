using Chain.PolicyEngine.Decisions;

namespace Chain.PolicyEngine.Policies;

/// <summary>Events as policies write them.</summary>
internal static class EventNames
{
    public static IReadOnlyList<(string Name, PolicyEvent Event)> All { get; } =
    [
        ("call", PolicyEvent.Call),
        ("result", PolicyEvent.Result),
        ("declassify", PolicyEvent.Declassify),
        ("endorse", PolicyEvent.Endorse),
    ];

    public static string Of(PolicyEvent value) => value switch
    {
        PolicyEvent.Call => "call",
        PolicyEvent.Result => "result",
        PolicyEvent.Declassify => "declassify",
        PolicyEvent.Endorse => "endorse",
        _ => "",
    };
}
