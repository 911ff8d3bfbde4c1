using System.Text;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Lineage;

/// <summary>Lineage as a graph in the DOT language of Graphviz: a box for each call, an arrow for each way that data went, supposed ones dashed.</summary>
public static class DotGraph
{
    /// <summary>Writes a graph with these calls and the edges between their values.</summary>
    public static void Write(TextWriter output, IEnumerable<CallInfo> calls, IEnumerable<LineageEdge> edges)
    {
        output.WriteLine("digraph lineage {");
        output.WriteLine("  rankdir=LR; node [shape=record, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];");
        foreach (CallInfo call in calls)
        {
            output.WriteLine($"  \"{call.Id}\" [label=\"{{<in> in {Tags(call.LabelIn)}|{Record(call.Shape.Callee.Name)}\\n{Record(call.Shape.Function.Name)}\\n{call.Id}{Place(call)}|<out> out {Tags(call.LabelOut)}}}\"];");
        }

        foreach (LineageEdge edge in edges)
        {
            // The box says it.
            if (edge.Kind == EdgeKind.Inside) continue;
            string style = edge.Kind is EdgeKind.Sibling or EdgeKind.Result ? ", style=dashed" : "";
            string state = edge.State is { } key ? $"{Text(key.Key)}: " : "";
            output.WriteLine($"  \"{edge.From.Call}\":{Port(edge.From)} -> \"{edge.To.Call}\":{Port(edge.To)} [label=\"{state}{Text(edge.Label.ToString())}\"{style}];");
        }

        output.WriteLine("}");
    }

    private static string Place(CallInfo call) =>
        (call.Shape.Attempt > 1 ? $"\\nattempt {call.Shape.Attempt}" : "") + (call.Shape.Host.Length > 0 ? $"\\non {Record(call.Shape.Host)}" : "");

    private static string Port(CallValue value) => value.Side == ValueSide.In ? "in" : "out";

    private static string Tags(Label label) => Record(label.ToString());

    // In a record label these mean something; all else that is not plain is written as in Text.
    private static string Record(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in Text(text))
        {
            if (c is '{' or '}' or '|' or '<' or '>' or ' ') result.Append('\\');
            result.Append(c);
        }

        return result.ToString();
    }

    private static string Text(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is '"' or '\\') result.Append('\\').Append(c);
            else result.Append(char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? '?' : c);
        }

        return result.ToString();
    }
}
