using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Storage;

namespace Chain.Cli.Alerts;

/// <summary><c>chain alerts</c>: what fired, and whether somebody was told.</summary>
internal static class AlertsCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public static Command Create()
    {
        var follow = new Option<bool>("--follow") { Description = "Go on and print violations as they come." };
        var all = new Option<bool>("--all") { Description = "Also the alerts that are resolved." };
        var limit = new Option<int>("--limit") { Description = "At most this many.", HelpName = "N", DefaultValueFactory = _ => 50 };
        var json = new Option<bool>("--json") { Description = "Print JSON, one object a line." };
        Command command = new Command("alerts", "Show alerts; see also 'chain silence'.") { follow, all, limit, json }.WithStore();
        command.Add(SendCommand.Create());
        command.Add(RaiseCommand.Create());
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(limit) is < 1 or > 100_000) throw new CommandException("--limit: expected 1 to 100000");
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            var reader = new AlertReader(store.Database);
            long last = await reader.LastViolationAsync(cancellation);
            Print(await reader.ListAsync(!parsed.GetValue(all), parsed.GetValue(limit), cancellation), parsed.GetValue(json));
            if (parsed.GetValue(follow)) await FollowAsync(reader, last, parsed.GetValue(json), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(IReadOnlyList<AlertSummary> alerts, bool json)
    {
        if (json)
        {
            foreach (AlertSummary alert in alerts) Console.Out.WriteLine(JsonSerializer.Serialize(alert, StoreText.Json));
            return;
        }

        var listing = new Listing("alerts", "severity", "state", "last seen", "count#", "silenced#", "policy", "message", "told");
        foreach (AlertSummary alert in alerts)
        {
            string told = alert.Waiting == 0 ? "yes" : $"{alert.Waiting} waiting{(alert.Error is null ? "" : $": {alert.Error}")}";
            listing.Add(
                alert.Severity.ToString().ToLowerInvariant(), alert.Firing ? "firing" : "resolved", Time(alert.LastSeen), StoreText.Count(alert.Count),
                StoreText.Count(alert.Silenced), alert.Labels.GetValueOrDefault("policy", ""), alert.Message, told);
        }

        listing.Write();
    }

    private static async Task FollowAsync(AlertReader reader, long last, bool json, CancellationToken cancellation)
    {
        while (true)
        {
            IReadOnlyList<ViolationLine> lines = await reader.ViolationsAfterAsync(last, 1_000, cancellation);
            foreach (ViolationLine line in lines)
            {
                last = line.Id;
                Console.Out.WriteLine(json
                    ? JsonSerializer.Serialize(line, StoreText.Json)
                    : $"{Time(line.At)} {line.Severity.ToString().ToUpperInvariant()} {line.Policy}: {line.Message} (call {line.Call}{(line.IsSilenced ? ", silenced" : "")})");
            }

            if (lines.Count == 0) await Task.Delay(Poll, cancellation);
        }
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
