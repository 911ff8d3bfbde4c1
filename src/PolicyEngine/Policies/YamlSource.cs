using Chain.PolicyEngine.Expressions.Syntax;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Chain.PolicyEngine.Policies;

/// <summary>One YAML file: its documents, and where each node stands. Read by policies, alerts and manifests alike.</summary>
/// <remarks>Bounded: length and depth have limits, aliases are refused (a few would stand for any number of nodes), and keys are distinct.</remarks>
public sealed class YamlSource
{
    /// <summary>The largest file, in characters.</summary>
    public const int MaxLength = 4_000_000;

    private const int MaxDepth = 32;

    private readonly string _file;
    private readonly string[] _lines;
    private readonly List<PolicyIssue> _issues;
    private readonly List<Mark> _ends = [];

    // Where the last event stands that the parser gave.
    private Mark _read;

    private YamlSource(string file, string text, List<PolicyIssue> issues)
    {
        _file = file;
        _lines = text.Split('\n');
        _issues = issues;
    }

    /// <summary>The roots of its documents; none where the YAML is wrong.</summary>
    public IReadOnlyList<YamlNode> Documents { get; private set; } = [];

    /// <summary>Reads a file; what is wrong with its YAML is added to the issues, and there are then no documents.</summary>
    public static YamlSource Read(string file, string text, List<PolicyIssue> issues)
    {
        var source = new YamlSource(file, text, issues);
        if (text.Length > MaxLength)
        {
            source.Error(new Mark(), $"the file has {text.Length} characters, the limit is {MaxLength}");
            return source;
        }

        try
        {
            if (!source.IsPlain(text)) return source;
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            source.Documents = [.. stream.Documents.Select(d => d.RootNode)];
        }
        catch (YamlException e)
        {
            // The opening braces of a template begin a mapping, which is the last thing that its writer thinks of.
            string hint = source.PlaceOf(e.Start).Text.Contains("{{") ? "; a text with '{{' stands in quotes" : "";
            source.Error(e.Start, $"not YAML: {Reason(e)}{hint}");
        }
        catch (InvalidOperationException)
        {
            // The scanner's own, without a place, where a bracket is open and a plain text is the end of the file.
            source.Error(source._read, "not YAML: a bracket or a brace before the end of the file is not closed");
        }

        return source;
    }

    /// <summary>Where a node begins.</summary>
    public PolicyPlace PlaceOf(YamlNode node) => PlaceOf(node.Start);

    /// <summary>Adds an error at a node.</summary>
    public void Error(YamlNode node, string message) => Error(node.Start, message);

    /// <summary>Adds an error at a place.</summary>
    public void Error(PolicyPlace place, string message) => _issues.Add(new PolicyIssue(IssueLevel.Error, place, message));

    /// <summary>The text of a document, from its node to its end.</summary>
    internal string SourceOf(YamlNode node, int document)
    {
        Mark end = _ends[document];
        int first = (int)node.Start.Line - 1;
        // The end of a document is where the next one's marker stands, or the end of the file.
        int last = (int)end.Line - (end.Column > 1 ? 0 : 1);
        string[] lines = _lines[first..Math.Clamp(last, first + 1, _lines.Length)];
        // A document may begin behind its marker.
        lines[0] = lines[0][Math.Min((int)node.Start.Column - 1, lines[0].Length)..];
        return string.Join('\n', lines).TrimEnd() + "\n";
    }

    /// <summary>A scalar's text as an expression that knows where it stands.</summary>
    internal SourceText TextOf(YamlScalarNode node)
    {
        string text = node.Value ?? "";
        return new SourceText(text, _file, _lines, Segments(node, text));
    }

    private PolicyPlace PlaceOf(in Mark mark)
    {
        int line = (int)Math.Max(mark.Line, 1);
        return new PolicyPlace(_file, line, (int)Math.Max(mark.Column, 1), line <= _lines.Length ? _lines[line - 1].TrimEnd('\r') : "");
    }

    private void Error(in Mark mark, string message) => _issues.Add(new PolicyIssue(IssueLevel.Error, PlaceOf(mark), message));

    /// <summary>The parser of events keeps its own stack; building nodes recurses, so depth is looked at first.</summary>
    private bool IsPlain(string text)
    {
        var parser = new YamlDotNet.Core.Parser(new StringReader(text));
        int depth = 0;
        var keys = new KeyWatch();
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            _read = parser.Current.Start;
            if (depth > MaxDepth)
            {
                Error(parser.Current.Start, $"YAML nests deeper than {MaxDepth}");
                return false;
            }

            if (parser.Current is DocumentEnd end) _ends.Add(end.Start);
            if (keys.Repeated(parser.Current) is (string key, long line)) Error(parser.Current.Start, $"'{key}' is there twice; the first is in line {line}");
            if (parser.Current is AnchorAlias alias)
            {
                Error(alias.Start, $"aliases such as '*{alias.Value}' are not used here");
                return false;
            }
        }

        return !keys.HasRepeated;
    }

    private static string Reason(YamlException e)
    {
        string message = e.InnerException is null ? e.Message : e.InnerException.Message;
        message = message.Split('\n')[0];
        return message.Length > 0 ? char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.') : "cannot be read";
    }

    private List<SourceSegment> Segments(YamlScalarNode node, string text)
    {
        int line = (int)node.Start.Line - 1;
        int column = (int)node.Start.Column - 1;
        if (node.Style is ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted) column++;
        bool isBlock = node.Style is ScalarStyle.Literal or ScalarStyle.Folded;
        if (!isBlock && !SpansLines(node)) return [new SourceSegment(0, line, column)];

        // Each line of the file that belongs to the scalar is found again in its text, where folding has put it.
        var segments = new List<SourceSegment>();
        int at = 0;
        for (int i = isBlock ? line + 1 : line; i < _lines.Length && at < text.Length; i++)
        {
            string raw = i == line ? _lines[i][Math.Min(column, _lines[i].Length)..] : _lines[i];
            string content = raw.Trim('\r', ' ', '"', '\'');
            if (content.Length == 0) continue;
            int found = text.IndexOf(content, at, StringComparison.Ordinal);
            if (found < 0) break;
            int indent = _lines[i].IndexOf(content, i == line ? column : 0, StringComparison.Ordinal);
            segments.Add(new SourceSegment(segments.Count == 0 ? 0 : found, i, segments.Count == 0 ? indent - found : indent));
            at = found + content.Length;
        }

        return segments.Count > 0 ? segments : [new SourceSegment(0, line, column)];
    }

    private static bool SpansLines(YamlScalarNode node) => node.End.Line > node.Start.Line && node.Value?.Length > 0;
}
