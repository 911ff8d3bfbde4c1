using Chain.PolicyEngine.Policies;

namespace Chain.PolicyEngine.Alerts;

/// <summary>Keeps alerts quiet for a time: their violations are recorded and nobody is told.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Matchers">Label to pattern; an alert is quiet when all match.</param>
/// <param name="Starts">From when.</param>
/// <param name="Ends">Until when.</param>
/// <param name="Author">Who asked for it.</param>
/// <param name="Comment">Why.</param>
public sealed record Silence(long Id, IReadOnlyDictionary<string, string> Matchers, DateTimeOffset Starts, DateTimeOffset Ends, string Author, string Comment)
{
    /// <summary>The labels that a silence may look at.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["policy", "severity", "effect", "caller", "callee", "function", "event"];

    public bool IsActive(DateTimeOffset at) => at >= Starts && at < Ends;

    public bool Matches(IReadOnlyDictionary<string, string> labels) =>
        Matchers.All(m => labels.TryGetValue(m.Key, out string? value) && new Glob(m.Value).IsMatch(value));
}
