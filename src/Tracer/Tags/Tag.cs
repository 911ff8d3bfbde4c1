using System.Text;

namespace Chain.Tracer.Tags;

/// <summary>Whether a tag spreads by union where data meet, or survives only where all data carry it.</summary>
public enum TagKind : byte
{
    /// <summary>Grows: the joined data have it when either part has it.</summary>
    Secrecy = 0,

    /// <summary>Shrinks: the joined data have it only when both parts have it.</summary>
    Integrity = 1,
}

/// <summary>One provenance tag: a name, an optional value, and a kind. Immutable.</summary>
/// <remarks>
/// Text form: <c>name</c>, <c>name=value</c>; an integrity tag starts with <c>+</c>. A name is 1 to 64 of <c>A-Z a-z 0-9 _ . : / -</c>,
/// or <c>*</c>, which stands for any secrecy tag at all; a value is at most 128 bytes of UTF-8, percent-encoded outside
/// <c>A-Z a-z 0-9 _ . : / - @</c>; the bare value <c>*</c> stands for any value (a label that was made coarser has it).
/// </remarks>
public readonly record struct Tag : IComparable<Tag>
{
    /// <summary>Longest name, in characters.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Longest value, in bytes of UTF-8.</summary>
    public const int MaxValueBytes = 128;

    /// <summary>Any secrecy tag at all: what a label ends in when nothing narrower can be kept.</summary>
    public static Tag Anything { get; } = new(TagKind.Secrecy, "*", "");

    private Tag(TagKind kind, string name, string value)
    {
        Kind = kind;
        Name = name;
        Value = value;
    }

    /// <summary>Secrecy or integrity.</summary>
    public TagKind Kind { get; }

    /// <summary>The name; never empty in a tag made by <see cref="Create"/> or <see cref="Parse"/>.</summary>
    public string Name { get; }

    /// <summary>The value, not encoded; empty when there is none, <c>*</c> for any value.</summary>
    public string Value { get; }

    /// <summary>Whether this tag stands for more than itself.</summary>
    public bool IsCoarse => Value == "*" || Name == "*";

    /// <summary>The tag that stands for this name with any value.</summary>
    public Tag Coarser() => IsCoarse || Value.Length == 0 ? this : new Tag(Kind, Name, "*");

    /// <summary>Makes a tag.</summary>
    /// <exception cref="FormatException">The name or the value breaks the rules in the remarks of <see cref="Tag"/>.</exception>
    public static Tag Create(string name, string value = "", TagKind kind = TagKind.Secrecy)
    {
        string? wrong = Check(name, value, kind);
        return wrong is null ? new Tag(kind, name, value) : throw new FormatException(wrong);
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">Says what is wrong and where.</exception>
    public static Tag Parse(ReadOnlySpan<char> text) =>
        TryRead(text, out Tag tag, out string? wrong) ? tag : throw new FormatException(wrong);

    /// <summary>Reads the text form; false when it is malformed.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Tag tag) => TryRead(text, out tag, out _);

    /// <summary>Whether having this tag means having <paramref name="other"/>, perhaps because this one is coarser.</summary>
    public bool Covers(in Tag other) =>
        Kind == other.Kind && (Name == "*" || (Name == other.Name && (Value == "*" || Value == other.Value)));

    /// <inheritdoc/>
    public int CompareTo(Tag other)
    {
        int c = Kind.CompareTo(other.Kind);
        if (c == 0) c = string.CompareOrdinal(Name, other.Name);
        return c != 0 ? c : string.CompareOrdinal(Value, other.Value);
    }

    /// <summary>The text form.</summary>
    public override string ToString()
    {
        if (Name is null) return "";
        string sign = Kind == TagKind.Integrity ? "+" : "";
        return Value.Length == 0 ? sign + Name : $"{sign}{Name}={(Value == "*" ? "*" : Percent.Encode(Value))}";
    }

    private static bool TryRead(ReadOnlySpan<char> text, out Tag tag, out string? wrong)
    {
        tag = default;
        TagKind kind = TagKind.Secrecy;
        ReadOnlySpan<char> rest = text;
        if (rest is ['+', ..])
        {
            kind = TagKind.Integrity;
            rest = rest[1..];
        }

        int equals = rest.IndexOf('=');
        string name = (equals < 0 ? rest : rest[..equals]).ToString();
        string value = "";
        if (equals >= 0)
        {
            if (!Percent.TryDecode(rest[(equals + 1)..], out value))
            {
                wrong = $"tag '{text}': the value is not percent-encoded UTF-8";
                return false;
            }

            if (value.Length == 0)
            {
                wrong = $"tag '{text}': expected a value after '='";
                return false;
            }
        }

        wrong = Check(name, value, kind);
        if (wrong is null) tag = new Tag(kind, name, value);
        return wrong is null;
    }

    private static string? Check(string name, string value, TagKind kind)
    {
        if (name.Length is 0 or > MaxNameLength)
            return $"tag '{Shorten(name)}': a name has 1 to {MaxNameLength} characters, found {name.Length}";
        if (name == "*") return kind == TagKind.Secrecy && value.Length == 0 ? null
            : "tag '*': stands for any secrecy tag and takes neither '+' nor a value";
        foreach (char c in name)
        {
            if (!Percent.IsPlain(c) || c == '@') return $"tag '{name}': a name is made of A-Z a-z 0-9 _ . : / -, found '{c}'";
        }

        int bytes = Encoding.UTF8.GetByteCount(value);
        return bytes <= MaxValueBytes ? null : $"tag '{name}': a value has at most {MaxValueBytes} bytes, found {bytes}";
    }

    private static string Shorten(string text) => text.Length <= 20 ? text : text[..20] + "…";
}
