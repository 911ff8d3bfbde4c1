using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Tests;

/// <summary>
/// One private Postgres for the test assembly, started by the first test that needs it, and a new migrated database for whoever asks.
/// </summary>
/// <remarks>
/// Use it as a class fixture of xUnit, or await <see cref="NewDatabaseAsync"/>. Tests that use it carry <see
/// cref="PostgresFactAttribute"/>.
/// </remarks>
internal static class TestPostgres
{
    private static readonly Lazy<Task<PrivatePostgres>> Server = new(StartAsync);
    private static int _databases;

    /// <summary>A migrated database that nobody else uses.</summary>
    public static async Task<NpgsqlDataSource> NewDatabaseAsync(bool migrate = true)
    {
        PrivatePostgres server = await Server.Value;
        string name = $"test_{Interlocked.Increment(ref _databases)}";
        await using (var admin = NpgsqlDataSource.Create(server.ConnectionString))
        await using (NpgsqlCommand create = admin.CreateCommand($"CREATE DATABASE {name}"))
        {
            await create.ExecuteNonQueryAsync();
        }

        NpgsqlDataSource database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name });
        if (migrate) await Migrations.ApplyAsync(database);
        return database;
    }

    /// <summary>The connection string of such a database with its password, for another process; the data source's own leaves that out.</summary>
    public static async Task<string> ConnectionStringAsync(NpgsqlDataSource database)
    {
        PrivatePostgres server = await Server.Value;
        return new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database }.ConnectionString;
    }

    /// <summary>Connects to the server's first database, which nobody migrated.</summary>
    public static async Task<string> ConnectionStringAsync() => (await Server.Value).ConnectionString;

    /// <summary>A folder for a private Postgres that its unprivileged user can reach; removed by whoever asked.</summary>
    public static string NewFolder() => Path.Combine(Path.GetTempPath(), "chain-test-" + Path.GetRandomFileName());

    private static async Task<PrivatePostgres> StartAsync()
    {
        string folder = NewFolder();
        PrivatePostgres server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions
        {
            Folder = folder,
            Settings = new Dictionary<string, string> { ["fsync"] = "off" },
        });
        // The test host is killed soon after its last test, too soon to clean up; its end frees the owners' lock, which this waits for.
        string[] sweep = ["sh", "-c", "exec </dev/null >/dev/null 2>&1; flock -x \"$1/owners.lock\" true; " +
            "while [ -e \"$1/data/postmaster.pid\" ]; do sleep 0.1; done; rm -rf \"$1\"", "sweep", folder];
        System.Diagnostics.Process.Start("setsid", sweep).Dispose();
        return server;
    }
}

/// <summary>A fact that needs Postgres; skipped, with that reason, on a machine that has none.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (PostgresBinaries.Search() is null) Skip = "needs PostgreSQL 15 or later (apt-get install postgresql)";
    }
}

/// <summary>A theory that needs Postgres; skipped, with that reason, on a machine that has none.</summary>
internal sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute()
    {
        if (PostgresBinaries.Search() is null) Skip = "needs PostgreSQL 15 or later (apt-get install postgresql)";
    }
}
