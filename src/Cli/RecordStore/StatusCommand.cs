using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Output;
using Chain.Tracer.Storage;

namespace Chain.Cli.RecordStore;

/// <summary><c>chain store status</c>.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        Command command = new Command("status", "Size, days, nodes, and what was stored, spooled and lost.") { json }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, migrate: false, create: false, cancellation);
            StoreStatus status = await StoreStatus.ReadAsync(store.Database, cancellation);
            if (parsed.GetValue(json)) Console.Out.WriteLine(JsonSerializer.Serialize(status, StoreText.Json));
            else Print(status, store.Folder);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(StoreStatus status, string? folder)
    {
        int pending = Migrations.All.Count(migration => migration.Number > status.Migration);
        Console.Out.WriteLine($"PostgreSQL {status.Server}{(folder is null ? "" : $", private, in {folder}")}; {StoreText.Bytes(status.Bytes)}; {status.Tags} tags, {status.Labels} labels; " +
                              $"migration {status.Migration}{(pending == 0 ? "" : $", {pending} to apply: run 'chain store migrate'")}");
        var days = new Listing("days", "day", "calls#", "size#", "state");
        foreach (DayStatus day in status.Days)
        {
            days.Add(day.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), day.Calls < 0 ? "?" : StoreText.Count(day.Calls),
                StoreText.Bytes(day.Bytes), day.Closed is null ? "open" : "closed");
        }

        days.Write();
        var nodes = new Listing("nodes", "node", "seen", "recorded#", "stored#", "spooled#", "recovered#", "replayed#", "duplicates#", "lost#",
            "refused#", "damaged#", "waited#");
        foreach (NodeStatus node in status.Nodes)
        {
            Tracer.Recording.CounterTotals c = node.Counters;
            nodes.Add($"{node.Id} {node.Name}", node.Seen.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                StoreText.Count(c.RecordedCalls + c.RecordedFlows),
                StoreText.Count(c.StoredCalls + c.StoredFlows), StoreText.Count(c.SpooledCalls + c.SpooledFlows),
                    StoreText.Count(c.Recovered), StoreText.Count(c.Replayed), StoreText.Count(c.Duplicates),
                StoreText.Count(c.LostCalls + c.LostFlows), StoreText.Count(c.Rejected), StoreText.Count(c.DamagedBatches + c.DamagedRecords), StoreText.Count(c.Blocked));
        }

        nodes.Write();
    }
}
