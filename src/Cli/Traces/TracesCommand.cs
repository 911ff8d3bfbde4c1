using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Lineage;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Tracer.Lineage;

namespace Chain.Cli.Traces;

/// <summary><c>chain traces</c>: the newest traces of which a call is as asked for.</summary>
internal static class TracesCommand
{
    public static Command Create()
    {
        var limit = new Option<int>("--limit") { Description = "Most traces.", DefaultValueFactory = _ => 20 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var filter = new FilterOptions();
        Command command = new Command("traces", "List the newest traces of which one call passes all filters.") { limit, json }.WithLimits().WithStore();
        filter.AddTo(command, withTag: true);
        command.SetAction((parsed, cancellation) => ReadStore.UseAsync(parsed, LimitOptions.Read(parsed), async store =>
        {
            int most = parsed.GetValue(limit);
            if (most is < 1 or > 10_000) throw new CommandException($"--limit: expected 1 to 10000, found {most}");
            CallFilter asked = filter.Read(parsed);
            IReadOnlyList<TraceSummary> traces = await Progress.Of("looking through", progress => store.Traces.ListAsync(asked, most, progress, cancellation));
            if (parsed.GetValue(json)) WriteJson(traces);
            else Write(traces);
            return ExitCode.Ok;
        }, cancellation));
        return command;
    }

    private static void Write(IReadOnlyList<TraceSummary> traces)
    {
        var list = new Listing("traces, newest first", "trace", "start", "took#", "calls#", "outcome", "first call", "label");
        foreach (TraceSummary trace in traces)
        {
            list.Add(trace.Id.ToString(), CallText.Time(trace.Root.Id.Start), CallText.Duration(trace.Root.Duration), trace.Calls.ToString("#,0", CultureInfo.InvariantCulture),
                CallWords.Text(trace.Root.Shape.Outcome), CallText.Function(trace.Root), CallText.Labels(trace.Root));
        }

        if (list.Count == 0) Console.Out.WriteLine("no trace passes the filters");
        list.Write();
    }

    private static void WriteJson(IReadOnlyList<TraceSummary> traces)
    {
        using Stream output = Console.OpenStandardOutput();
        using var text = new MemoryStream();
        using (Utf8JsonWriter json = CallJson.Open(text))
        {
            json.WriteStartArray();
            foreach (TraceSummary trace in traces)
            {
                json.WriteStartObject();
                json.WriteString("trace", trace.Id.ToString());
                json.WriteNumber("calls", trace.Calls);
                json.WritePropertyName("root");
                CallJson.Write(json, trace.Root);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length));
    }
}
