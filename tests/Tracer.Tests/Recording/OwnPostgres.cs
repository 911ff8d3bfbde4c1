using Chain.Tests;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Tracer.Tests.Recording;

/// <summary>A private Postgres that a test may stop, start and kill.</summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private OwnPostgres(PrivatePostgres server) => Server = server;

    public PrivatePostgres Server { get; private set; }

    public string Folder => Server.Folder;

    /// <summary>Whether there is a server at this moment; it may not answer yet.</summary>
    public bool IsRunning
    {
        get
        {
            try
            {
                return Directory.Exists($"/proc/{Server.ServerProcessId}");
            }
            catch (StoreException)
            {
                return false;
            }
        }
    }

    public static async Task<OwnPostgres> StartAsync(string? folder = null)
    {
        var own = new OwnPostgres(await PrivatePostgres.StartAsync(Options(folder ?? TestPostgres.NewFolder())));
        await using NpgsqlDataSource database = own.Connect();
        await Migrations.ApplyAsync(database);
        return own;
    }

    public NpgsqlDataSource Connect(int commandTimeout = 30) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Server.ConnectionString) { CommandTimeout = commandTimeout,
            CancellationTimeout = 200 });

    public async Task StopAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await Server.DisposeAsync();
        await Server.WaitForStopAsync(TimeSpan.FromSeconds(120));
    }

    public async Task RestartAsync() => Server = await PrivatePostgres.StartAsync(Options(Folder));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }

    // What a killed process wrote is still in the system's cache, so that nothing is lost without fsync; a restart is seconds faster.
    private static PrivatePostgresOptions Options(string folder) =>
        new() { Folder = folder, SharedBuffers = "64MB", Settings = new Dictionary<string, string> { ["fsync"] = "off" } };
}
