using System.Globalization;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>One numbered change of the schema.</summary>
/// <param name="Number">Its place in the order.</param>
/// <param name="Name">The file's name.</param>
/// <param name="Sql">What it runs, in one transaction.</param>
public sealed record Migration(int Number, string Name, string Sql);

/// <summary>The changes of the schema that are built into this program, and the means to apply them once, in order.</summary>
public static class Migrations
{
    private const string Prefix = "migrations/";

    // Any constant will do, as long as every Chain uses the same.
    private const string Lock = "SELECT pg_advisory_xact_lock(7723519, 1)";

    /// <summary>All of them, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } = Load();

    /// <summary>
    /// Applies what is missing and says what that was. Safe when several processes ask at once; all or nothing for each migration.
    /// </summary>
    /// <exception cref="StoreException">A migration fails, or the database is newer than this program.</exception>
    public static async Task<IReadOnlyList<Migration>> ApplyAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        var applied = new List<Migration>();
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using (NpgsqlTransaction first = await connection.BeginTransactionAsync(cancellation))
        {
            await RunAsync(connection, Lock, cancellation);
            await RunAsync(connection,
                "CREATE TABLE IF NOT EXISTS migration (number int PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL DEFAULT now())", cancellation);
            await first.CommitAsync(cancellation);
        }

        foreach (Migration migration in All)
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
            await RunAsync(connection, Lock, cancellation);
            await using (var claim = new NpgsqlCommand("INSERT INTO migration (number, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                connection))
            {
                claim.Parameters.AddWithValue(migration.Number);
                claim.Parameters.AddWithValue(migration.Name);
                if (await claim.ExecuteNonQueryAsync(cancellation) == 0) continue;
            }

            try
            {
                await RunAsync(connection, migration.Sql, cancellation);
            }
            catch (PostgresException e)
            {
                throw new StoreException($"migration {migration.Name}: {e.MessageText}", e);
            }

            await transaction.CommitAsync(cancellation);
            applied.Add(migration);
        }

        await using var newest = new NpgsqlCommand("SELECT max(number) FROM migration", connection);
        int found = (int)(await newest.ExecuteScalarAsync(cancellation) ?? 0);
        if (found > All[^1].Number)
            throw new StoreException($"the database has migration {found}, this Chain knows {All[^1].Number}: it was written by a newer Chain");
        return applied;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static List<Migration> Load()
    {
        var all = new List<Migration>();
        foreach (string resource in typeof(Migrations).Assembly.GetManifestResourceNames())
        {
            if (!resource.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            string name = resource[Prefix.Length..];
            using var reader = new StreamReader(typeof(Migrations).Assembly.GetManifestResourceStream(resource)!);
            all.Add(new Migration(int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        all.Sort((a, b) => a.Number.CompareTo(b.Number));
        return all;
    }
}
