using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Lineage;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;

namespace Chain.Cli.Traces;

/// <summary><c>chain trace ID</c>: one trace as a waterfall.</summary>
internal static class TraceCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "A trace's 32 hexadecimal digits, or a call's 16." };
        var at = new Option<string?>("--at") { Description = "Begin at this call.", HelpName = "CALL" };
        var depth = new Option<int>("--depth") { Description = "Most levels below the first.", DefaultValueFactory = _ => 64 };
        var page = new Option<int>("--page") { Description = "Which page to show, from 1.", DefaultValueFactory = _ => 1 };
        var lines = new Option<int>("--lines") { Description = "Lines on a page.", DefaultValueFactory = _ => 200 };
        var all = new Option<bool>("--all") { Description = "Do not fold calls that are alike." };
        var json = new Option<bool>("--json") { Description = "Print JSON: every call that was read, by start." };
        Command command = new Command("trace", "Show a trace: who called whom, when, for how long, with what data.") { id, at, depth, page, lines, all, json }.WithLimits().WithStore();
        command.SetAction((parsed, cancellation) => ReadStore.UseAsync(parsed, LimitOptions.Read(parsed), async store =>
        {
            (int levels, int shown, int size) = (parsed.GetValue(depth), parsed.GetValue(page), parsed.GetValue(lines));
            if (levels < 0 || shown < 1 || size is < 1 or > 100_000) throw new CommandException($"--depth is 0 or more, --page 1 or more, --lines 1 to 100000; found {levels}, {shown} and {size}");
            CallId first = parsed.GetValue(at) is { } text ? CallWords.Value("--at", text).Call : default;
            string asked = parsed.GetValue(id)!;
            long key = await FindAsync(store, asked, cancellation);
            // Of a large trace only a part is read, and pages of it are pages of the first call's children.
            TraceTree tree = await Progress.Of("reading", _ => store.Traces.OpenAsync(key, first, (shown - 1) * TraceQuery.ChildrenLimit, cancellation));
            if (parsed.GetValue(json)) WriteJson(tree);
            else new Waterfall(tree, levels, !parsed.GetValue(all)).Write(tree.IsPart ? 1 : shown, size);
            return ExitCode.Ok;
        }, cancellation));
        return command;
    }

    private static async Task<long> FindAsync(ReadStore store, string text, CancellationToken cancellation)
    {
        bool isTrace = TraceId.TryParse(text, out TraceId trace) && !trace.IsNone;
        CallId call = default;
        if (!isTrace && !CallId.TryParse(text, out call)) throw new CommandException($"ID: expected a trace's 32 hexadecimal digits or a call's 16; found '{CallWords.Shown(text)}'");
        return await store.Traces.FindAsync(isTrace ? trace : null, isTrace ? null : call, cancellation)
            ?? throw new CommandException($"there is no {(isTrace ? "trace" : "call")} {text.ToLowerInvariant()} in the store");
    }

    private static void WriteJson(TraceTree tree)
    {
        using var text = new MemoryStream();
        using (Utf8JsonWriter json = CallJson.Open(text))
        {
            json.WriteStartObject();
            json.WriteString("trace", tree.Id.ToString());
            json.WriteNumber("total", tree.Total);
            json.WriteBoolean("complete", tree.IsWhole);
            json.WriteStartArray("calls");
            for (int i = 0; i < tree.Count; i++) CallJson.Write(json, tree.Info(i));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        using var output = new ChunkedWriter(Console.Out);
        output.WriteLine(System.Text.Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length));
    }
}
