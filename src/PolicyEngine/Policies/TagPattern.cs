using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Policies;

/// <summary>
/// A pattern for tags: <c>pii</c> is the tag with any value or none, <c>region=eu-*</c> a value that fits,
/// <c>+checked</c> an integrity tag.
/// </summary>
/// <remarks>
/// A coarse secrecy tag (<c>pii=*</c>, or <c>*</c> for anything) may stand for the tag that is asked for, so it
/// matches: a label that was made coarser is never trusted more. A coarse integrity tag vouches for nothing narrower.
/// </remarks>
public sealed class TagPattern
{
    private readonly TagKind _kind;
    private readonly Glob _name;
    private readonly Glob? _value;

    private TagPattern(string text, TagKind kind, Glob name, Glob? value)
    {
        Text = text;
        _kind = kind;
        _name = name;
        _value = value;
    }

    public string Text { get; }

    /// <summary>The one name (without <c>+</c>) that can match, or null.</summary>
    public string? OnlyName => _name.Literal;

    public TagKind Kind => _kind;

    /// <summary>Reads a pattern; false, with the reason, where it is none.</summary>
    public static bool TryParse(string text, out TagPattern pattern, out string reason)
    {
        pattern = null!;
        reason = "";
        bool integrity = text.StartsWith('+');
        string rest = integrity ? text[1..] : text;
        int equals = rest.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? rest : rest[..equals];
        string? value = equals < 0 ? null : rest[(equals + 1)..];
        if (name.Length is 0 or > Tag.MaxNameLength)
        {
            reason = $"'{text}' is not a tag: a name has 1 to {Tag.MaxNameLength} characters";
            return false;
        }

        foreach (char c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '/' or '-' or '*' or '?') continue;
            reason = $"'{text}' is not a tag: a name is made of A-Z a-z 0-9 _ . : / -, found '{c}'";
            return false;
        }

        if (value is { Length: 0 or > Tag.MaxValueBytes })
        {
            reason = $"'{text}' is not a tag: a value has 1 to {Tag.MaxValueBytes} bytes";
            return false;
        }

        pattern = new TagPattern(text, integrity ? TagKind.Integrity : TagKind.Secrecy, new Glob(name), value is null ? null : new Glob(value));
        return true;
    }

    /// <summary>Whether a tag of the label matches.</summary>
    public bool IsMatch(Label label)
    {
        foreach (Tag tag in label.Tags)
        {
            if (IsMatch(tag)) return true;
        }

        return false;
    }

    /// <summary>Whether every tag that the other matches is matched here; false where that is not certain.</summary>
    public bool Covers(TagPattern other) =>
        _kind == other._kind && _name.Covers(other._name) && (_value is null || (other._value is not null && _value.Covers(other._value)));

    public bool IsMatch(Tag tag)
    {
        if (tag.Kind != _kind) return false;
        if (_kind == TagKind.Secrecy && tag.Name == "*") return true;
        if (!_name.IsMatch(tag.Name)) return false;
        if (_value is null) return true;
        if (tag.Value == "*") return _kind == TagKind.Secrecy || _value.Pattern == "*";
        return _value.IsMatch(tag.Value);
    }

    public override string ToString() => Text;
}
