using System.CommandLine;
using System.Text.Json;
using Chain.Tracer.Storage;

namespace Chain.Cli.RecordStore;

/// <summary><c>chain store migrate</c>.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        Command command = new Command("migrate",
            "Make the store where there is none, bring its schema up to date, and make partitions ahead.") { json }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, migrate: false, create: true, cancellation);
            try
            {
                IReadOnlyList<Migration> applied = await Migrations.ApplyAsync(store.Database, cancellation);
                await new StoreUpkeep(store.Database, new UpkeepOptions { Retention = null }).RunAsync(cancellation);
                if (parsed.GetValue(json)) Console.Out.WriteLine(JsonSerializer.Serialize(new { applied = applied.Select(migration =>
                    migration.Name) }, StoreText.Json));
                else Console.Out.WriteLine(applied.Count == 0 ? "the schema is up to date"
                    : $"applied {string.Join(", ", applied.Select(migration => migration.Name))}");
                return ExitCode.Ok;
            }
            catch (StoreException e)
            {
                throw new CommandException(e.Message, ExitCode.Unavailable);
            }
        });
        return command;
    }
}
