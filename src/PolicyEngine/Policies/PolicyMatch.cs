using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Policies;

/// <summary>The <c>match</c> of a policy: every key that is given must fit, by any one of its patterns.</summary>
internal sealed class PolicyMatch
{
    public IReadOnlyList<PartyPattern> Caller { get; init; } = [];

    public IReadOnlyList<PartyPattern> Callee { get; init; } = [];

    public IReadOnlyList<Glob> Interface { get; init; } = [];

    public IReadOnlyList<Glob> Function { get; init; } = [];

    /// <summary>The region of the callee: where the data would go.</summary>
    public IReadOnlyList<Glob> Region { get; init; } = [];

    public IReadOnlyList<TagPattern> Tags { get; init; } = [];

    /// <summary>Whether everything but the tags fits: the same for every call of a link.</summary>
    public bool FitsLink(CallLink link) =>
        Fits(Caller, link.Caller) && Fits(Callee, link.Callee) &&
        Fits(Interface, link.Interface) && Fits(Function, link.Function) && Fits(Region, link.Callee.Region);

    /// <summary>Whether the tags fit.</summary>
    public bool FitsLabel(Label label)
    {
        if (Tags.Count == 0) return true;
        foreach (TagPattern pattern in Tags)
        {
            if (pattern.IsMatch(label)) return true;
        }

        return false;
    }

    /// <summary>Whether every call that fits the other fits this; false where that is not certain.</summary>
    public bool Covers(PolicyMatch other) =>
        All(Caller, other.Caller, static (a, b) => a.Covers(b)) && All(Callee, other.Callee, static (a, b) => a.Covers(b)) &&
        All(Interface, other.Interface, static (a, b) => a.Covers(b)) && All(Function, other.Function, static (a, b) => a.Covers(b)) &&
        All(Region, other.Region, static (a, b) => a.Covers(b)) && All(Tags, other.Tags, static (a, b) => a.Covers(b));

    private static bool All<T>(IReadOnlyList<T> mine, IReadOnlyList<T> others, Func<T, T, bool> covers) =>
        mine.Count == 0 || (others.Count > 0 && others.All(o => mine.Any(m => covers(m, o))));

    private static bool Fits(IReadOnlyList<PartyPattern> patterns, CallParty party)
    {
        if (patterns.Count == 0) return true;
        foreach (PartyPattern pattern in patterns)
        {
            if (pattern.IsMatch(party)) return true;
        }

        return false;
    }

    private static bool Fits(IReadOnlyList<Glob> patterns, string text)
    {
        if (patterns.Count == 0) return true;
        foreach (Glob pattern in patterns)
        {
            if (pattern.IsMatch(text)) return true;
        }

        return false;
    }
}
