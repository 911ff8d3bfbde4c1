using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Policies.Checks;

/// <summary>What must hold for a condition to be true, as far as it can be said: values, ranges and truths of terms, by their text.</summary>
internal sealed class KnownFacts
{
    private readonly Dictionary<string, HashSet<string>> _oneOf = [];
    private readonly Dictionary<string, HashSet<string>> _noneOf = [];
    private readonly Dictionary<string, (long Low, long High)> _ranges = [];
    private readonly Dictionary<string, bool> _truths = [];

    /// <summary>Whether the facts contradict each other.</summary>
    public bool IsContradiction { get; private set; }

    public KnownFacts Copy()
    {
        var copy = new KnownFacts { IsContradiction = IsContradiction };
        foreach ((string term, HashSet<string> values) in _oneOf) copy._oneOf[term] = [.. values];
        foreach ((string term, HashSet<string> values) in _noneOf) copy._noneOf[term] = [.. values];
        foreach ((string term, (long, long) range) in _ranges) copy._ranges[term] = range;
        foreach ((string term, bool truth) in _truths) copy._truths[term] = truth;
        return copy;
    }

    public void Contradict() => IsContradiction = true;

    /// <summary>The term is one of these values.</summary>
    public void OneOf(string term, IEnumerable<string> values)
    {
        HashSet<string> allowed = [.. values];
        if (_oneOf.TryGetValue(term, out HashSet<string>? known)) allowed.IntersectWith(known);
        if (_noneOf.TryGetValue(term, out HashSet<string>? excluded)) allowed.ExceptWith(excluded);
        _oneOf[term] = allowed;
        if (allowed.Count == 0) Contradict();
    }

    /// <summary>The term is none of these values.</summary>
    public void NoneOf(string term, IEnumerable<string> values)
    {
        if (!_noneOf.TryGetValue(term, out HashSet<string>? excluded)) _noneOf.Add(term, excluded = []);
        excluded.UnionWith(values);
        if (_oneOf.ContainsKey(term)) OneOf(term, _oneOf[term]);
    }

    /// <summary>The term lies in low…high.</summary>
    public void Between(string term, long low, long high)
    {
        if (_ranges.TryGetValue(term, out (long Low, long High) known)) (low, high) = (Math.Max(low, known.Low), Math.Min(high, known.High));
        _ranges[term] = (low, high);
        if (low > high) Contradict();
    }

    /// <summary>The term is true, or false.</summary>
    public void Truth(string term, bool value)
    {
        if (_truths.TryGetValue(term, out bool known) && known != value) Contradict();
        _truths[term] = value;
    }

    /// <summary>A component's name settles its two parts as well.</summary>
    public void Name(string party, IReadOnlyList<string> names)
    {
        OneOf($"{party}.name", names.Select(Literal));
        OneOf($"{party}.application", names.Select(n => Literal(n.Contains('/') ? n[..n.IndexOf('/')] : "")));
        OneOf($"{party}.component", names.Select(n => Literal(n[(n.IndexOf('/') + 1)..])));
    }

    public static string Literal(string text) => ValueText.Literal(Value.String(text));
}
