using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Tracer.Storage;

namespace Chain.Cli.RecordStore;

/// <summary><c>chain store prune</c>.</summary>
internal static class PruneCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var before = new Option<string>("--before") { Description = "Drop the days that ended before this time, or before so long ago (30d).", Required = true, HelpName = "TIME" };
        var dry = new Option<bool>("--dry-run") { Description = "Say what would go, and leave it." };
        Command command = new Command("prune", "Drop whole days of calls and flows.") { before, dry, json }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            DateTimeOffset time = StoreText.Time("--before", parsed.GetValue(before)!, DateTimeOffset.UtcNow);
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            var upkeep = new StoreUpkeep(store.Database, new UpkeepOptions());
            bool only = parsed.GetValue(dry);
            IReadOnlyList<DateOnly> days = only ? await upkeep.DaysBeforeAsync(time, cancellation)
                : await upkeep.DropBeforeAsync(time, cancellation);
            string[] names = [.. days.Select(day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))];
            if (parsed.GetValue(json)) Console.Out.WriteLine(JsonSerializer.Serialize(new { dryRun = only, days = names }, StoreText.Json));
            else Console.Out.WriteLine(names.Length == 0 ? "nothing is that old"
                : $"{(only ? "would drop" : "dropped")} {string.Join(", ", names)}");
            return ExitCode.Ok;
        });
        return command;
    }
}
