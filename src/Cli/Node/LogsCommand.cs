using System.CommandLine;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;
using Chain.Silo.Hosting.Local;
using Chain.Wasm.Text;

namespace Chain.Cli.Node;

/// <summary><c>chain logs APP</c>.</summary>
internal static class LogsCommand
{
    public static Command Create()
    {
        Argument<string> application = NodeCommand.Application();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on and print lines as they come." };
        var tail = new Option<int>("--tail") { Description = "At most this many of the lines before.", HelpName = "N", DefaultValueFactory = _ => 100 };
        var since = new Option<string?>("--since") { Description = "Only lines from this time on: 2026-11-22T10:00:00Z, a date, or how long ago such as 15m.", HelpName = "TIME" };
        var component = new Option<string?>("--component") { Description = "Only what this component wrote.", HelpName = "NAME" };
        var trace = new Option<string?>("--trace") { Description = "Only what was written in this chain.", HelpName = "ID" };
        var json = new Option<bool>("--json") { Description = "Print JSON, one object a line." };
        return new Command("logs", "Show what an application's components wrote.") { application, follow, tail, since, component, trace, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                if (parsed.GetValue(tail) is < 0 or > ApplicationLog.MostLines) throw new CommandException($"--tail: expected 0 to {ApplicationLog.MostLines}");
                bool asJson = parsed.GetValue(json);
                string path = $"apps/{NodeCommand.Part(parsed.GetRequiredValue(application))}/logs?tail={parsed.GetValue(tail)}";
                if (parsed.GetValue(since) is { } time)
                    path += $"&since={Uri.EscapeDataString(StoreText.Time("--since", time, DateTimeOffset.UtcNow).ToString("O", CultureInfo.InvariantCulture))}";
                if (parsed.GetValue(component) is { } name) path += $"&component={Uri.EscapeDataString(name)}";
                if (parsed.GetValue(trace) is { } id) path += $"&trace={Uri.EscapeDataString(id)}";
                if (parsed.GetValue(follow)) await FollowAsync(node, path + "&follow=true", asJson, cancellation);
                else foreach (LogLine line in await node.GetAsync<LogLine[]>(path, cancellation)) Print(node, line, asJson);
                return ExitCode.Ok;
            });
    }

    private static async Task FollowAsync(NodeClient node, string path, bool json, CancellationToken cancellation)
    {
        IReadOnlyList<(string Name, NodeClient Client)> silos = node.OfEach();
        try
        {
            await Task.WhenAll(silos.Select(async silo =>
            {
                await foreach (LogLine line in silo.Client.EventsAsync<LogLine>(path, cancellation)) Print(node, line, json);
            }));
        }
        finally
        {
            foreach ((_, NodeClient client) in silos) client.Dispose();
        }
    }

    private static void Print(NodeClient node, LogLine line, bool json)
    {
        if (json) NodeCommand.WriteJson(line, indented: false);
        else Console.Out.WriteLine(
            $"{line.At.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {(node.Node.Silos is null ? "" : line.Silo + " ")}{line.Component} {line.Source}: {TextLiteral.OneLine(line.Text)}{(line.Trace.Length == 0 ? "" : $" ({line.Trace})")}");
    }
}
