using Chain.PolicyEngine.Decisions;

namespace Chain.PolicyEngine.Policies;

/// <summary>A pattern for components: <c>application/component</c> with globs, or without a slash a component of any application.</summary>
public sealed class PartyPattern
{
    private readonly Glob? _application;
    private readonly Glob _component;
    private readonly Glob? _whole;

    /// <exception cref="FormatException">The pattern is empty, too long, or has more than one slash.</exception>
    public PartyPattern(string pattern)
    {
        Pattern = pattern;
        int slash = pattern.IndexOf('/', StringComparison.Ordinal);
        if (pattern.Contains("**"))
        {
            _whole = new Glob(pattern);
            _component = _whole;
            return;
        }

        if (slash != pattern.LastIndexOf('/')) throw new FormatException($"'{pattern}' has more than one '/'; a component is named application/component");
        _application = slash < 0 ? null : new Glob(pattern[..slash]);
        _component = new Glob(pattern[(slash + 1)..]);
    }

    public string Pattern { get; }

    /// <summary>The one application that can match, or null.</summary>
    public string? OnlyApplication => _whole is null ? _application?.Literal : null;

    /// <summary>The one component's name that can match, or null.</summary>
    public string? OnlyComponent => _whole is null ? _component.Literal : null;

    public bool IsMatch(CallParty party)
    {
        if (_whole is not null) return _whole.IsMatch(party.Name);
        return _component.IsMatch(party.ComponentName) && (_application is null || _application.IsMatch(party.Application));
    }

    /// <summary>Whether every component that the other matches is matched here; false where that is not certain.</summary>
    public bool Covers(PartyPattern other)
    {
        if (Pattern == other.Pattern || _whole is { IsEverything: true }) return true;
        if (_whole is not null || other._whole is not null) return false;
        bool application = _application is null || _application.Pattern == "*" || (other._application is not null && _application.Covers(other._application));
        return application && (_component.Pattern == "*" || _component.Covers(other._component));
    }

    public override string ToString() => Pattern;
}
