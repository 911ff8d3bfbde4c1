using System.CommandLine;

namespace Chain.Cli.RecordStore;

/// <summary><c>chain store</c>: the Postgres record itself.</summary>
internal static class StoreCommand
{
    public static Command Create() => new("store", "Look after the Postgres record: status, migrate, prune, export.")
    {
        StatusCommand.Create(),
        MigrateCommand.Create(),
        PruneCommand.Create(),
        ExportCommand.Create(),
    };
}
