using System.CommandLine;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Cli.RecordStore;

/// <summary>The options by which every command that reads the store finds it.</summary>
internal static class StoreOptions
{
    /// <summary>Names a Postgres in place of the private one.</summary>
    public const string Variable = "CHAIN_POSTGRES";

    /// <summary><c>--postgres</c>.</summary>
    public static Option<string?> Postgres { get; } = new("--postgres")
    {
        Description = $"Connection string of a Postgres of your own; ${Variable} when absent, else Chain's private one.",
            HelpName = "CONNECTION",
    };

    /// <summary><c>--data</c>.</summary>
    public static Option<string> Data { get; } = new("--data")
    {
        Description = "The folder of Chain's private data.", HelpName = "FOLDER", DefaultValueFactory = _ => ".chain",
    };

    /// <summary>Adds both to a command.</summary>
    public static Command WithStore(this Command command)
    {
        command.Options.Add(Postgres);
        command.Options.Add(Data);
        return command;
    }
}

/// <summary>
/// The store that a command was pointed at: the user's Postgres, or the private one, which is started when it is not running.
/// </summary>
internal sealed class StoreConnection : IAsyncDisposable
{
    private readonly PrivatePostgres? _server;

    private StoreConnection(string connectionString, NpgsqlDataSource database, PrivatePostgres? server)
    {
        ConnectionString = connectionString;
        Database = database;
        _server = server;
    }

    /// <summary>Connects to the store, with the password.</summary>
    public string ConnectionString { get; }

    /// <summary>Connects to the store.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>Where the private server's data are; null for a Postgres of the user's own.</summary>
    public string? Folder => _server?.Folder;

    /// <summary>Opens the store, bringing its schema up to date.</summary>
    /// <exception cref="CommandException">It cannot be reached, started or migrated, or there is none yet.</exception>
    public static async Task<StoreConnection> OpenAsync(ParseResult parsed, bool migrate, bool create, CancellationToken cancellation)
    {
        string? own = parsed.GetValue(StoreOptions.Postgres) ?? Environment.GetEnvironmentVariable(StoreOptions.Variable);
        PrivatePostgres? server = null;
        NpgsqlDataSource? database = null;
        try
        {
            if (string.IsNullOrEmpty(own))
            {
                string folder = Path.Combine(parsed.GetValue(StoreOptions.Data)!, "postgres");
                if (!create && !await PrivatePostgres.ExistsAsync(folder, cancellation))
                {
                    throw new CommandException(
                        $"there is no store in {Path.GetFullPath(folder)}: nothing was recorded from this folder yet " +
                        "(see --data, --postgres, and 'chain store migrate')", ExitCode.Unavailable);
                }

                server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = folder }, cancellation);
            }

            database = NpgsqlDataSource.Create(server?.ConnectionString ?? own!);
            if (migrate) await Migrations.ApplyAsync(database, cancellation);
            else await (await database.OpenConnectionAsync(cancellation)).DisposeAsync();
            return new StoreConnection(server?.ConnectionString ?? own!, database, server);
        }
        catch (Exception e) when (e is StoreException or NpgsqlException or ArgumentException or TimeoutException)
        {
            if (database is not null) await database.DisposeAsync();
            if (server is not null) await server.DisposeAsync();
            bool malformed = e is ArgumentException;
            throw new CommandException(malformed ? $"--postgres: {e.Message}" : $"the store cannot be opened: {e.Message}", malformed
                ? ExitCode.BadInput : ExitCode.Unavailable);
        }
    }

    /// <summary>Opens the store that is there, with its schema brought up to date.</summary>
    public static Task<StoreConnection> OpenAsync(ParseResult parsed, CancellationToken cancellation) =>
        OpenAsync(parsed, migrate: true, create: false, cancellation);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }
}
