using Spectre.Console;

namespace Chain.Cli.Traces;

/// <summary>A line of a waterfall on a screen.</summary>
/// <param name="Id">A call's id.</param>
/// <param name="Took">How long; empty where the line is about other calls.</param>
/// <param name="From">Where the bar begins, as a part of the whole time.</param>
/// <param name="Length">How long the bar is, likewise; negative for none.</param>
/// <param name="Depth">How deep below the first call.</param>
/// <param name="Name">What was called, or what the line stands for.</param>
/// <param name="Notes">How it ended, and labels.</param>
/// <param name="IsFailed">Whether to show it as a failure.</param>
internal readonly record struct ScreenLine(string Id, string Took, double From, double Length, int Depth, string Name, string Notes, bool IsFailed);

/// <summary>Lays out a waterfall so that each line takes one row of a terminal, however narrow: ids stay whole, what does not fit is cut off with "…".</summary>
internal sealed class WaterfallScreen
{
    private const int IdWidth = 16;
    private const int TookWidth = 9;
    private const int WidestBar = 24;
    private const int NarrowestBar = 8;
    private const int IndentStep = 2;
    private const int LeastName = 12;

    private readonly IReadOnlyList<ScreenLine> _lines;
    private readonly int _bar;
    private readonly int _deepest;
    private readonly int _names;
    private readonly int _notes;

    /// <param name="lines">What to show.</param>
    /// <param name="width">Columns of the terminal.</param>
    public WaterfallScreen(IReadOnlyList<ScreenLine> lines, int width)
    {
        _lines = lines;
        _bar = Math.Clamp((width - IdWidth - TookWidth) / 4, NarrowestBar, WidestBar);
        // The last column stays free: some terminals go on to the next row when it is written.
        int left = Math.Max(LeastName, width - IdWidth - TookWidth - _bar - 5);
        // Names come first, labels get what they leave, and each its share where both are long.
        _deepest = Math.Max(1, left / 4 / IndentStep);
        int notes = 0, names = 0;
        foreach (ScreenLine line in lines.Where(line => line.Length >= 0)) (notes, names) = (Math.Max(notes, line.Notes.Length), Math.Max(names, Indent(line).Length + line.Name.Length));
        _names = Math.Min(names, Math.Max(left - notes - 2, notes == 0 ? left : left * 2 / 3));
        _notes = Math.Max(0, left - _names - 2);
    }

    /// <summary>Each line as pieces of one style.</summary>
    public IEnumerable<IReadOnlyList<(string Text, Style? Style)>> Rows()
    {
        var dim = new Style(decoration: Decoration.Dim);
        string data = _notes >= 4 && _lines.Any(line => line.Notes.Length > 0) ? "data" : "";
        yield return [($"{"call",-IdWidth} {"took",TookWidth} {"".PadRight(_bar)} {"of".PadRight(_names)}  {data}".TrimEnd(), dim)];
        foreach (ScreenLine line in _lines)
        {
            Style? style = line.IsFailed ? new Style(Color.Red) : null;
            if (line.Length < 0)
            {
                // Nothing is beside it that it could run into.
                string name = Cut(Indent(line) + line.Name, _names + 2 + _notes);
                yield return [($"{line.Id,-IdWidth} {"",TookWidth} {"".PadRight(_bar)} {name}", dim)];
                continue;
            }

            yield return
            [
                ($"{line.Id,-IdWidth} {line.Took,TookWidth} ", null), (Bar(line), new Style(line.IsFailed ? Color.Red : Color.Blue)),
                (" " + Cut(Indent(line) + line.Name, _names).PadRight(_names), style), ("  " + Cut(line.Notes, _notes), style),
            ];
        }
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : width <= 1 ? "" : text[..(width - 1)] + "…";

    // Beyond the deepest indent a level is told by its number.
    private string Indent(ScreenLine line) => line.Depth <= _deepest ? new string(' ', line.Depth * IndentStep) : $"{new string(' ', _deepest * IndentStep)}({line.Depth}) ";

    private string Bar(ScreenLine line)
    {
        int from = Math.Clamp((int)(line.From * _bar), 0, _bar - 1);
        int length = Math.Clamp((int)Math.Round(line.Length * _bar), 1, _bar - from);
        return (new string(' ', from) + new string('━', length)).PadRight(_bar);
    }
}
