using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Cli.RecordStore;

/// <summary>A private Postgres in a new folder, migrated, for a benchmark; gone without trace afterwards.</summary>
internal sealed class TemporaryStore : IAsyncDisposable
{
    private readonly PrivatePostgres _server;

    private TemporaryStore(PrivatePostgres server, string folder)
    {
        _server = server;
        Folder = folder;
        Database = NpgsqlDataSource.Create(server.ConnectionString);
    }

    /// <summary>Connects to it.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>The same, as text.</summary>
    public string ConnectionString => _server.ConnectionString;

    /// <summary>The server's process id.</summary>
    public int ServerProcessId => _server.ServerProcessId;

    /// <summary>Room for what goes with it, such as a spool.</summary>
    public string Folder { get; }

    /// <exception cref="CommandException">There is no Postgres on this machine, or it does not start.</exception>
    public static async Task<TemporaryStore> StartAsync(CancellationToken cancellation, IReadOnlyDictionary<string,
        string>? settings = null)
    {
        string folder = Path.Combine(Path.GetTempPath(), "chain-bench-" + Path.GetRandomFileName());
        try
        {
            PrivatePostgres server = await PrivatePostgres.StartAsync(
                new PrivatePostgresOptions { Folder = Path.Combine(folder, "postgres"), SharedBuffers = "1GB",
                    Settings = settings ?? new Dictionary<string, string>() }, cancellation);
            var store = new TemporaryStore(server, folder);
            await Migrations.ApplyAsync(store.Database, cancellation);
            return store;
        }
        catch (StoreException e)
        {
            throw new CommandException(e.Message, ExitCode.Unavailable);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await _server.DisposeAsync();
        await _server.WaitForStopAsync(TimeSpan.FromMinutes(1));
        Directory.Delete(Folder, recursive: true);
    }
}
