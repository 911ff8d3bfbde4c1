using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Tags;

namespace Chain.Cli.Lineage;

/// <summary><c>chain lineage</c>: where data came from, where it went, and everything that a tag reached.</summary>
internal static class LineageCommand
{
    public static Command Create() => new("lineage", "Where data came from, where it went, and everything that a tag reached.")
    {
        Reach("ancestors", "Every call that a call's data came from, across traces and through state.", LineageDirection.Ancestors),
        Reach("descendants", "Every call that a call's data went to, across traces and through state.", LineageDirection.Descendants),
        Path(),
        TagReach(),
    };

    private static Command Reach(string name, string description, LineageDirection direction)
    {
        var value = new Argument<string>("CALL") { Description = "A call's 16 hexadecimal digits; with ':in' only what it received, with ':out' only what it gave." };
        var tag = new Option<string?>("--tag") { Description = "Follow only data with this tag.", HelpName = "TAG" };
        var limit = new Option<int>("--limit") { Description = "Most calls in the table; JSON, PROV and DOT have all.", DefaultValueFactory = _ => 50 };
        var output = new GraphOutput();
        Command command = new Command(name, description) { value, tag, limit }.WithLimits().WithStore();
        output.AddTo(command);
        command.SetAction((parsed, cancellation) => ReadStore.UseAsync(parsed, LimitOptions.Read(parsed), async store =>
        {
            (CallId call, ValueSide? side) = CallWords.Value("CALL", parsed.GetValue(value)!);
            Tag? asked = parsed.GetValue(tag) is { } text ? CallWords.Tag("--tag", text) : null;
            LineageResult result = await Progress.Of("reading", _ => store.Lineage.ReachAsync(call, side, direction, asked, cancellation));
            if (result.IsTruncated) Console.Error.WriteLine($"chain: stopped after {LimitOptions.Read(parsed).Calls:N0} calls; there may be more (see --max-calls)");
            output.Write(parsed, result, parsed.GetValue(limit));
            return ExitCode.Ok;
        }, cancellation));
        return command;
    }

    private static Command Path()
    {
        var from = new Argument<string>("FROM") { Description = "Where the data started: a call, perhaps with ':in' or ':out'." };
        var to = new Argument<string>("TO") { Description = "Where they arrived: a call, perhaps with ':in' or ':out'." };
        var tag = new Option<string?>("--tag") { Description = "Follow only data with this tag.", HelpName = "TAG" };
        var output = new GraphOutput();
        Command command = new Command("path", "A shortest way that data took from one call to another.") { from, to, tag }.WithLimits().WithStore();
        output.AddTo(command);
        command.SetAction((parsed, cancellation) => ReadStore.UseAsync(parsed, LimitOptions.Read(parsed), async store =>
        {
            (CallId source, ValueSide? sourceSide) = CallWords.Value("FROM", parsed.GetValue(from)!);
            (CallId sink, ValueSide? sinkSide) = CallWords.Value("TO", parsed.GetValue(to)!);
            Tag? asked = parsed.GetValue(tag) is { } text ? CallWords.Tag("--tag", text) : null;
            LineagePath? path = await Progress.Of("searching", _ => store.Lineage.PathAsync(source, sourceSide, sink, sinkSide, asked, cancellation));
            string carrying = asked is { } one ? $" that carries {one}" : "";
            output.Write(parsed, path, $"From {source} to {sink} there is a way{carrying} of {path?.Edges.Count} steps.", $"No data{carrying} went from {source} to {sink}.");
            return ExitCode.Ok;
        }, cancellation));
        return command;
    }

    private static Command TagReach()
    {
        var tag = new Argument<string>("TAG") { Description = "name for any value, name=value for one; '+' before an integrity tag." };
        var limit = new Option<int>("--limit") { Description = "Most calls; 0 for all.", DefaultValueFactory = _ => 1000 };
        var filter = new FilterOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        Command command = new Command("tag", "Every call that a tag reached, by time; printed as they are found.") { tag, limit, json }.WithLimits().WithStore();
        filter.AddTo(command, withTag: false);
        command.SetAction((parsed, cancellation) => ReadStore.UseAsync(parsed, LimitOptions.Read(parsed), async store =>
        {
            CallFilter asked = filter.Read(parsed) with { Tag = CallWords.Tag("TAG", parsed.GetValue(tag)!) };
            await StreamAsync(store.Calls.CallsAsync(asked, cancellation), parsed.GetValue(limit), parsed.GetValue(json));
            return ExitCode.Ok;
        }, cancellation));
        return command;
    }

    private static async Task StreamAsync(IAsyncEnumerable<CallInfo> calls, int limit, bool json)
    {
        if (limit < 0) throw new CommandException($"--limit: expected 0 or more, found {limit}");
        long count = 0;
        if (json)
        {
            await using Stream output = Console.OpenStandardOutput();
            await using Utf8JsonWriter writer = CallJson.Open(output);
            writer.WriteStartArray();
            await foreach (CallInfo call in calls)
            {
                if (limit > 0 && ++count > limit) break;
                CallJson.Write(writer, call);
                if (writer.BytesPending > 1 << 16) await writer.FlushAsync();
            }

            writer.WriteEndArray();
            return;
        }

        await using var text = new ChunkedWriter(Console.Out);
        await foreach (CallInfo call in calls)
        {
            if (limit > 0 && ++count > limit)
            {
                text.WriteLine($"… and more; see --limit and --since");
                break;
            }

            text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{CallText.Time(call.Id.Start)}  {call.Id}  {CallText.Duration(call.Duration),9}  {CallText.FunctionAndPlace(call)}  {CallText.Labels(call)}"));
        }

        if (count == 0) text.WriteLine("no call had it");
    }
}
