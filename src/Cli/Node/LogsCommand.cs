using System.CommandLine;
using System.Globalization;
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
        var json = new Option<bool>("--json") { Description = "Print JSON, one object a line." };
        return new Command("logs", "Show what an application's components wrote, since the node started.") { application, follow, tail, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                if (parsed.GetValue(tail) is < 0 or > ApplicationLog.MostLines) throw new CommandException($"--tail: expected 0 to {ApplicationLog.MostLines}");
                bool asJson = parsed.GetValue(json);
                string path = $"apps/{NodeCommand.Part(parsed.GetRequiredValue(application))}/logs?tail={parsed.GetValue(tail)}";
                IReadOnlyList<(string Name, NodeClient Client)> silos = node.OfEach();
                try
                {
                    if (parsed.GetValue(follow)) await FollowAsync(silos, path + "&follow=true", asJson, cancellation);
                    else await ShowAsync(silos, path, parsed.GetValue(tail), asJson, cancellation);
                    return ExitCode.Ok;
                }
                finally
                {
                    foreach ((_, NodeClient client) in silos) client.Dispose();
                }
            });
    }

    /// <summary>What the silos have, by time.</summary>
    private static async Task ShowAsync(IReadOnlyList<(string Name, NodeClient Client)> silos, string path, int tail, bool json, CancellationToken cancellation)
    {
        var all = new List<(string Silo, LogLine Line)>();
        foreach ((string silo, NodeClient client) in silos)
            all.AddRange((await client.GetAsync<LogLine[]>(path, cancellation)).Select(line => (silo, line)));
        foreach ((string silo, LogLine line) in all.OrderBy(static one => one.Line.At).TakeLast(tail)) Print(silo, line, json);
    }

    private static async Task FollowAsync(IReadOnlyList<(string Name, NodeClient Client)> silos, string path, bool json, CancellationToken cancellation) =>
        await Task.WhenAll(silos.Select(async silo =>
        {
            await foreach (LogLine line in silo.Client.EventsAsync<LogLine>(path, cancellation)) Print(silo.Name, line, json);
        }));

    private static void Print(string silo, LogLine line, bool json)
    {
        if (json && silo.Length > 0) NodeCommand.WriteJson(new { silo, line.Number, line.At, line.Component, line.Source, line.Text, line.Trace }, indented: false);
        else if (json) NodeCommand.WriteJson(line, indented: false);
        else Console.Out.WriteLine(
            $"{line.At.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {(silo.Length == 0 ? "" : silo + " ")}{line.Component} {line.Source}: {TextLiteral.OneLine(line.Text)}{(line.Trace.Length == 0 ? "" : $" ({line.Trace})")}");
    }
}
