using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Output;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;

namespace Chain.Cli.Lineage;

/// <summary>The options and the means to print a part of the lineage graph: a table, JSON, PROV-JSON or DOT.</summary>
internal sealed class GraphOutput
{
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };
    private readonly Option<bool> _prov = new("--prov") { Description = "Print W3C PROV-JSON: values are entities, calls activities, components agents." };
    private readonly Option<bool> _dot = new("--dot") { Description = "Print a graph for Graphviz." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_json, _prov, _dot]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            int asked = ((Option<bool>[])[_json, _prov, _dot]).Count(option => result.GetValue(option));
            if (asked > 1) result.AddError("only one of --json, --prov and --dot may be asked for");
        });
    }

    /// <summary>Prints what was reached.</summary>
    public void Write(ParseResult parsed, LineageResult result, int limit)
    {
        if (limit < 0) throw new CommandException($"--limit: expected 0 or more, found {limit}");
        if (parsed.GetValue(_json)) WriteJson(result);
        else if (parsed.GetValue(_prov) || parsed.GetValue(_dot)) WriteGraph(parsed.GetValue(_prov), [result.Start, .. result.Calls.Select(result.Info)], result.Edges());
        else WriteTable(result, limit);
    }

    /// <summary>Prints a way, or that there is none.</summary>
    public void Write(ParseResult parsed, LineagePath? path, string found, string none)
    {
        if (parsed.GetValue(_json)) WriteJson(path);
        else if (parsed.GetValue(_prov) || parsed.GetValue(_dot)) WriteGraph(parsed.GetValue(_prov), path is null ? [] : [.. path.Calls.Values], path?.Edges ?? []);
        else if (path is null) Console.Out.WriteLine(none);
        else WriteWords(path, found);
    }

    private static void WriteGraph(bool prov, IReadOnlyCollection<CallInfo> calls, IEnumerable<LineageEdge> edges)
    {
        using var text = new ChunkedWriter(Console.Out);
        if (!prov)
        {
            DotGraph.Write(text, calls, edges);
            return;
        }

        using var stream = new MemoryStream();
        ProvJson.Write(stream, calls, edges);
        text.WriteLine(System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
    }

    private static void WriteJson(LineageResult result) => WriteJson(json =>
    {
        json.WritePropertyName("of");
        CallJson.Write(json, result.Start);
        json.WriteString("direction", result.Direction == LineageDirection.Ancestors ? "ancestors" : "descendants");
        json.WriteBoolean("truncated", result.IsTruncated);
        json.WriteNumber("count", result.Calls.Count);
        json.WriteStartArray("calls");
        foreach (ReachedCall call in result.Calls)
        {
            CallJson.Write(json, result.Info(call), more =>
            {
                more.WriteBoolean("in", call.In);
                more.WriteBoolean("out", call.Out);
            });
        }

        json.WriteEndArray();
        json.WriteStartArray("missing");
        foreach (CallId missing in result.Missing) json.WriteStringValue(missing.ToString());
        json.WriteEndArray();
        json.WriteStartArray("edges");
        foreach (LineageEdge edge in result.Edges()) CallJson.Write(json, edge);
        json.WriteEndArray();
    });

    private static void WriteJson(LineagePath? path) => WriteJson(json =>
    {
        json.WriteBoolean("found", path is not null);
        json.WriteStartArray("calls");
        foreach (CallInfo call in path?.Calls.Values ?? []) CallJson.Write(json, call);
        json.WriteEndArray();
        json.WriteStartArray("values");
        foreach (CallValue value in path?.Values ?? []) json.WriteStringValue(value.ToString());
        json.WriteEndArray();
        json.WriteStartArray("edges");
        foreach (LineageEdge edge in path?.Edges ?? []) CallJson.Write(json, edge);
        json.WriteEndArray();
    });

    private static void WriteJson(Action<Utf8JsonWriter> body)
    {
        using var stream = new MemoryStream();
        using (Utf8JsonWriter json = CallJson.Open(stream))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }

        using var text = new ChunkedWriter(Console.Out);
        text.WriteLine(System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
    }

    private static void WriteTable(LineageResult result, int limit)
    {
        bool ancestors = result.Direction == LineageDirection.Ancestors;
        var title = string.Create(CultureInfo.InvariantCulture,
            $"{result.Calls.Count:#,0} calls {(ancestors ? "from" : "to")} which data of {result.Start.Id} ({CallText.Function(result.Start)}) {(ancestors ? "came" : "went")}");
        if (result.Missing.Count > 0) title += string.Create(CultureInfo.InvariantCulture, $", and {result.Missing.Count:#,0} that are not in the store");
        var list = new Listing(title, "start", "call", "of", "took#", "value", "label");
        foreach (ReachedCall reached in result.Calls.Take(limit == 0 ? int.MaxValue : limit))
        {
            CallInfo call = result.Info(reached);
            list.Add(CallText.Time(call.Id.Start), call.Id.ToString(), CallText.FunctionAndPlace(call), CallText.Duration(call.Duration), reached.In ? reached.Out ? "in, out" : "in" : "out", CallText.Labels(call));
        }

        if (list.Count == 0) Console.Out.WriteLine(title);
        list.Write();
        if (list.Count < result.Calls.Count) Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"… and {result.Calls.Count - list.Count:#,0} more; see --limit"));
    }

    private static void WriteWords(LineagePath path, string found)
    {
        using var text = new ChunkedWriter(Console.Out);
        text.WriteLine(found);
        text.WriteLine();
        text.WriteLine($"    {PathWords.Source(path)}");
        foreach (LineageEdge edge in path.Edges) text.WriteLine($"  → {PathWords.Step(path, edge)}");
    }
}
