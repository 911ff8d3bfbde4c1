namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>A range of UTF-16 offsets in one expression; <paramref name="End"/> is exclusive.</summary>
public readonly record struct SourceSpan(int Start, int End)
{
    /// <summary>The smallest span that covers both.</summary>
    public SourceSpan To(SourceSpan other) => new(Math.Min(Start, other.Start), Math.Max(End, other.End));
}

/// <summary>A place as people count it: line and column from 1, the column in code points.</summary>
public readonly record struct SourcePosition(int Line, int Column);

/// <summary>From <paramref name="Offset"/> on, the expression stands at this line and column (both from 0) of its file.</summary>
public readonly record struct SourceSegment(int Offset, int Line, int Column);

/// <summary>
/// The text of one expression and where it stands: a text of its own, or a scalar inside a YAML document whose lines
/// are then the ones that an error shows.
/// </summary>
/// <remarks>Immutable; may be shared between threads.</remarks>
public sealed class SourceText
{
    private readonly IReadOnlyList<string> _lines;
    private readonly IReadOnlyList<SourceSegment> _segments;

    /// <summary>An expression that is its own source.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="name">The name that errors begin with, such as a file's; "expression" by default.</param>
    public SourceText(string text, string name = "expression")
        : this(text, name, text.Split('\n'), LinesOf(text))
    {
    }

    /// <summary>An expression that stands inside a file.</summary>
    /// <param name="text">The expression, as the outer format gave it.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="fileLines">The file's lines, for the line that an error shows.</param>
    /// <param name="segments">Where its parts stand, by offset; the first is at offset 0.</param>
    public SourceText(string text, string name, IReadOnlyList<string> fileLines, IReadOnlyList<SourceSegment> segments)
    {
        Text = text;
        Name = name;
        _lines = fileLines;
        _segments = segments;
    }

    /// <summary>The expression.</summary>
    public string Text { get; }

    /// <summary>The name that errors begin with.</summary>
    public string Name { get; }

    /// <summary>The characters of <paramref name="span"/>.</summary>
    public string Slice(SourceSpan span)
    {
        int start = Math.Clamp(span.Start, 0, Text.Length);
        return Text[start..Math.Clamp(span.End, start, Text.Length)];
    }

    /// <summary>A part of this text as a text of its own that still stands in the same place.</summary>
    public SourceText Part(SourceSpan span)
    {
        SourcePosition start = PositionOf(span.Start);
        var segments = new List<SourceSegment> { new(0, start.Line - 1, start.Column - 1) };
        foreach (SourceSegment segment in _segments)
        {
            if (segment.Offset > span.Start && segment.Offset < span.End) segments.Add(segment with { Offset = segment.Offset - span.Start });
        }

        return new SourceText(Slice(span), Name, _lines, segments);
    }

    /// <summary>Where the offset stands, in the file if there is one.</summary>
    public SourcePosition PositionOf(int offset)
    {
        offset = Math.Clamp(offset, 0, Text.Length);
        SourceSegment at = _segments[0];
        foreach (SourceSegment segment in _segments)
        {
            if (segment.Offset > offset) break;
            at = segment;
        }

        int column = at.Column;
        for (int i = at.Offset; i < offset; i++)
        {
            if (!char.IsLowSurrogate(Text[i])) column++;
        }

        return new SourcePosition(at.Line + 1, column + 1);
    }

    /// <summary>The line on which <paramref name="offset"/> stands, as an error shows it, without its line end.</summary>
    public string LineAt(int offset)
    {
        int line = PositionOf(offset).Line - 1;
        return line < _lines.Count ? _lines[line].TrimEnd('\r') : "";
    }

    private static List<SourceSegment> LinesOf(string text)
    {
        var segments = new List<SourceSegment> { new(0, 0, 0) };
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n') segments.Add(new SourceSegment(i + 1, segments.Count, 0));
        }

        return segments;
    }
}
