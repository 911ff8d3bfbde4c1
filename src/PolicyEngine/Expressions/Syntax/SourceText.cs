namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>A range of UTF-16 offsets in one expression; <paramref name="End"/> is exclusive.</summary>
public readonly record struct SourceSpan(int Start, int End)
{
    /// <summary>The smallest span that covers both.</summary>
    public SourceSpan To(SourceSpan other) => new(Math.Min(Start, other.Start), Math.Max(End, other.End));
}

/// <summary>A place as people count it: line and column from 1, the column in code points.</summary>
public readonly record struct SourcePosition(int Line, int Column);

/// <summary>
/// The text of one expression and where it stands: a file of its own, or a scalar inside a YAML document whose lines
/// are then the ones that an error shows.
/// </summary>
/// <remarks>Immutable; may be shared between threads.</remarks>
public sealed class SourceText
{
    private readonly string[]? _fileLines;
    private readonly int _firstLine;
    private readonly int _firstColumn;
    private readonly int _nextColumn;

    /// <summary>An expression that is its own source.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="name">The name that errors begin with, such as a file's; "expression" by default.</param>
    public SourceText(string text, string name = "expression")
    {
        Text = text;
        Name = name;
    }

    /// <summary>An expression that stands inside a file.</summary>
    /// <param name="text">The expression, as the outer format gave it.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="fileLines">The file's lines, for the line that an error shows.</param>
    /// <param name="firstLine">The line of the file, from 0, on which the expression begins.</param>
    /// <param name="firstColumn">The column, from 0, at which its first line begins.</param>
    /// <param name="nextColumn">The column, from 0, at which each of its further lines begins.</param>
    public SourceText(string text, string name, string[] fileLines, int firstLine, int firstColumn, int nextColumn)
        : this(text, name)
    {
        _fileLines = fileLines;
        _firstLine = firstLine;
        _firstColumn = firstColumn;
        _nextColumn = nextColumn;
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

    /// <summary>Where the offset stands, in the file if there is one.</summary>
    public SourcePosition PositionOf(int offset)
    {
        (int line, int column) = LineAndColumn(offset);
        return new SourcePosition(_firstLine + line + 1, (line == 0 ? _firstColumn : _nextColumn) + column + 1);
    }

    /// <summary>The line on which <paramref name="offset"/> stands, as an error shows it, without its line end.</summary>
    public string LineAt(int offset)
    {
        (int line, _) = LineAndColumn(offset);
        if (_fileLines is not null)
        {
            int at = _firstLine + line;
            return at < _fileLines.Length ? _fileLines[at].TrimEnd('\r') : "";
        }

        string[] lines = Text.Split('\n');
        return line < lines.Length ? lines[line].TrimEnd('\r') : "";
    }

    private (int Line, int Column) LineAndColumn(int offset)
    {
        offset = Math.Clamp(offset, 0, Text.Length);
        int line = 0;
        int column = 0;
        for (int i = 0; i < offset; i++)
        {
            char c = Text[i];
            if (c == '\n')
            {
                line++;
                column = 0;
            }
            else if (!char.IsLowSurrogate(c))
            {
                column++;
            }
        }

        return (line, column);
    }
}
