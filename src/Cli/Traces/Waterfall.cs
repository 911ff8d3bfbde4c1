using System.Globalization;
using Chain.Cli.Lineage;
using Chain.Cli.Output;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Spectre.Console;

namespace Chain.Cli.Traces;

/// <summary>What a line of a waterfall is about.</summary>
internal enum WaterfallLineKind
{
    /// <summary>A call.</summary>
    Call,

    /// <summary>Calls like the one before, folded.</summary>
    Alike,

    /// <summary>Calls below the deepest level that is shown.</summary>
    Deeper,

    /// <summary>Calls of a large trace that were not read.</summary>
    Unread,
}

/// <summary>A line: a call, or the number of calls that it stands for and the call they belong to.</summary>
internal readonly record struct WaterfallLine(WaterfallLineKind Kind, int Call, int Depth, int Count, double Slowest);

/// <summary>A trace as lines, each call with a bar on the trace's time. Folds what is alike and what is deep; never recursive, however deep the trace.</summary>
internal sealed class Waterfall(TraceTree tree, int depth, bool fold)
{
    // So many alike are shown before the rest of them is folded, and it must be worth a line.
    private const int ShownAlike = 3;
    private const int FoldedAtLeast = 3;

    // Beyond this a deeper level is told by its number, so that lines stay readable.
    private const int DeepestIndent = 24;

    /// <summary>All lines, in the order of the calls.</summary>
    public IEnumerable<WaterfallLine> Lines()
    {
        var stack = new Stack<WaterfallLine>();
        Push(stack, tree.Roots, 0);
        while (stack.TryPop(out WaterfallLine line))
        {
            yield return line;
            if (line.Kind != WaterfallLineKind.Call) continue;
            if (tree.IsCut(line.Call)) stack.Push(new WaterfallLine(WaterfallLineKind.Unread, line.Call, line.Depth + 1, 0, 0));
            IReadOnlyList<int> children = tree.Children(line.Call);
            if (children.Count == 0) continue;
            if (line.Depth < depth) Push(stack, children, line.Depth + 1);
            else stack.Push(new WaterfallLine(WaterfallLineKind.Deeper, line.Call, line.Depth + 1, children.Count, 0));
        }
    }

    /// <summary>Prints a page on standard output: a row for each in a terminal, plain lines elsewhere.</summary>
    public void Write(int page, int size)
    {
        string total = tree.IsWhole ? $"{tree.Count:N0} calls" : $"{tree.Count:N0} of {tree.Total:N0} calls";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"trace {tree.Id}: {total}, {CallText.Duration(tree.Ended - tree.Started)} from {CallText.Time(CallId.Epoch.AddMicroseconds(tree.Started))}"));
        List<WaterfallLine> lines = [.. Lines().Skip((page - 1) * size).Take(size + 1)];
        bool more = lines.Count > size;
        if (more) lines.RemoveAt(size);
        if (Console.IsOutputRedirected) WritePlain(lines);
        else WriteScreen(lines);
        if (lines.Count == 0) Console.Out.WriteLine($"there is no page {page}");
        if (more) Console.Out.WriteLine($"more: --page {page + 1}");
    }

    private void Push(Stack<WaterfallLine> stack, IReadOnlyList<int> calls, int level)
    {
        var lines = new List<WaterfallLine>();
        for (int i = 0; i < calls.Count;)
        {
            int end = i + 1;
            while (end < calls.Count && fold && tree.AreAlike(calls[i], calls[end])) end++;
            int shown = end - i < ShownAlike + FoldedAtLeast ? end : i + ShownAlike;
            for (; i < shown; i++) lines.Add(new WaterfallLine(WaterfallLineKind.Call, calls[i], level, 1, 0));
            if (shown == end) continue;
            double slowest = 0;
            for (int j = shown; j < end; j++) slowest = Math.Max(slowest, tree.Info(calls[j]).Duration);
            lines.Add(new WaterfallLine(WaterfallLineKind.Alike, calls[shown], level, end - shown, slowest));
            i = end;
        }

        for (int i = lines.Count - 1; i >= 0; i--) stack.Push(lines[i]);
    }

    private void WritePlain(List<WaterfallLine> lines)
    {
        using var output = new ChunkedWriter(Console.Out);
        foreach (WaterfallLine line in lines)
        {
            if (line.Kind != WaterfallLineKind.Call)
            {
                output.WriteLine($"{"",16}  {"",10}  {"",9}  {Name(line)}");
                continue;
            }

            CallInfo call = tree.Info(line.Call);
            output.WriteLine($"{call.Id}  {"+" + CallText.Duration(call.Id.StartMicroseconds - tree.Started),10}  {CallText.Duration(call.Duration),9}  {Name(line)}  {Notes(call)}".TrimEnd());
        }
    }

    private void WriteScreen(List<WaterfallLine> lines)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        var screen = new WaterfallScreen([.. lines.Select(Screen)], console.Profile.Width);
        foreach (IReadOnlyList<(string Text, Style? Style)> row in screen.Rows())
        {
            // Text, unlike a string, is never read as markup.
            var text = new Paragraph();
            foreach ((string piece, Style? style) in row) text.Append(piece, style);
            console.Write(text);
            console.WriteLine();
        }
    }

    private ScreenLine Screen(WaterfallLine line)
    {
        CallInfo call = tree.Info(line.Call);
        double span = Math.Max(1, tree.Ended - tree.Started);
        return line.Kind switch
        {
            WaterfallLineKind.Call => new ScreenLine(
                call.Id.ToString(), CallText.Duration(call.Duration), (call.Id.StartMicroseconds - tree.Started) / span, call.Duration / span, line.Depth,
                CallText.Function(call), Notes(call), call.Shape.Outcome != CallOutcome.Returned),
            WaterfallLineKind.Alike => new ScreenLine("", "", 0, -1, line.Depth, $"… {Count(line)} alike, slowest {CallText.Duration(line.Slowest)}: --all", "", false),
            WaterfallLineKind.Deeper => new ScreenLine(call.Id.ToString(), "", 0, -1, line.Depth, $"… {Count(line)} deeper: --at, --depth", "", false),
            _ => new ScreenLine(call.Id.ToString(), "", 0, -1, line.Depth, "… more not read: --at, then --page 2", "", false),
        };
    }

    private static string Count(WaterfallLine line) => line.Count.ToString("#,0", CultureInfo.InvariantCulture);

    private string Name(WaterfallLine line)
    {
        string indent = line.Depth <= DeepestIndent ? new string(' ', line.Depth * 2) : $"{new string(' ', DeepestIndent * 2)}({line.Depth}) ";
        CallInfo call = tree.Info(line.Call);
        return indent + line.Kind switch
        {
            WaterfallLineKind.Call => CallText.Function(call),
            WaterfallLineKind.Alike => string.Create(CultureInfo.InvariantCulture, $"… {line.Count:#,0} more of {CallText.Function(call)}, the slowest {CallText.Duration(line.Slowest)}; see --all"),
            WaterfallLineKind.Deeper => string.Create(CultureInfo.InvariantCulture, $"… {line.Count:#,0} {(line.Count == 1 ? "call" : "calls")} and what they called; see --at {call.Id} or --depth"),
            _ => $"… more that were not read: --at {call.Id}, then --page 2 and on",
        };
    }

    private static string Notes(CallInfo call)
    {
        string ending = CallText.Ending(call);
        string labels = CallText.Labels(call);
        return ending.Length > 0 && labels.Length > 0 ? $"{ending}  {labels}" : ending + labels;
    }
}
