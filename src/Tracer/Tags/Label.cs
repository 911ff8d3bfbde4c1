using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Chain.Tracer.Tags;

/// <summary>
/// A set of tags. Immutable; equal when the tags are equal. Text form: the tags, sorted, separated by commas; empty for none.
/// </summary>
public sealed class Label : IEquatable<Label>
{
    private readonly int _hash;

    private Label(ImmutableArray<Tag> tags)
    {
        Tags = tags;
        var hash = default(HashCode);
        foreach (Tag tag in tags) hash.Add(tag);
        _hash = hash.ToHashCode();
    }

    /// <summary>The label without tags.</summary>
    public static Label Empty { get; } = new([]);

    /// <summary>
    /// The tags in ascending order: secrecy before integrity, then by name, then by value. No tag that another one covers.
    /// </summary>
    public ImmutableArray<Tag> Tags { get; }

    /// <summary>Whether a tag in the label is, or stands for, <paramref name="tag"/>.</summary>
    public bool Has(Tag tag)
    {
        foreach (Tag own in Tags)
        {
            if (own.Covers(tag)) return true;
        }

        return false;
    }

    /// <summary>Whether a tag of this name is in the label, with any value or none.</summary>
    public bool HasName(string name, TagKind kind = TagKind.Secrecy)
    {
        foreach (Tag own in Tags)
        {
            if (own.Kind == kind && (own.Name == name || own.Name == "*")) return true;
        }

        return false;
    }

    /// <summary>The label of these tags, in any order, with or without repetition.</summary>
    public static Label Of(params ReadOnlySpan<Tag> tags)
    {
        if (tags.IsEmpty) return Empty;
        Tag[] sorted = tags.ToArray();
        Array.Sort(sorted);
        int count = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            bool covered = false;
            for (int j = 0; j < sorted.Length && !covered; j++)
            {
                covered = i != j && sorted[j].Covers(sorted[i]) && (sorted[j] != sorted[i] || j < i);
            }

            if (!covered) sorted[count++] = sorted[i];
        }

        return new Label(ImmutableArray.Create(sorted, 0, count));
    }

    /// <summary>The label of data made from both: secrecy by union, integrity by intersection.</summary>
    public static Label Join(Label a, Label b)
    {
        var tags = new List<Tag>(a.Tags.Length + b.Tags.Length);
        foreach (Tag tag in a.Tags)
        {
            if (tag.Kind == TagKind.Secrecy || b.Has(tag)) tags.Add(tag);
        }

        foreach (Tag tag in b.Tags)
        {
            if (tag.Kind == TagKind.Secrecy || a.Has(tag)) tags.Add(tag);
        }

        return Of([.. tags]);
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">Says which tag is wrong and why.</exception>
    public static Label Parse(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return Empty;
        var tags = new List<Tag>();
        foreach (Range part in text.Split(',')) tags.Add(Tag.Parse(text[part].Trim()));
        return Of([.. tags]);
    }

    /// <summary>Reads the text form; false when it is malformed.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Label? label)
    {
        label = null;
        if (text.IsEmpty)
        {
            label = Empty;
            return true;
        }

        var tags = new List<Tag>();
        foreach (Range part in text.Split(','))
        {
            if (!Tag.TryParse(text[part].Trim(), out Tag tag)) return false;
            tags.Add(tag);
        }

        label = Of([.. tags]);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(Label? other) => other is not null && _hash == other._hash && Tags.AsSpan().SequenceEqual(other.Tags.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Label);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>The text form.</summary>
    public override string ToString() => string.Join(',', Tags);
}
