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
                if (parsed.GetValue(follow))
                {
                    await foreach (LogLine line in node.EventsAsync<LogLine>(path + "&follow=true", cancellation)) Print(line, asJson);
                    return ExitCode.Ok;
                }

                foreach (LogLine line in await node.GetAsync<LogLine[]>(path, cancellation)) Print(line, asJson);
                return ExitCode.Ok;
            });
    }

    private static void Print(LogLine line, bool json)
    {
        if (json) NodeCommand.WriteJson(line, indented: false);
        else Console.Out.WriteLine(
            $"{line.At.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {line.Component} {line.Source}: {TextLiteral.OneLine(line.Text)}{(line.Trace.Length == 0 ? "" : $" ({line.Trace})")}");
    }
}
