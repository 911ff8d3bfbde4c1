using System.Globalization;
using Chain.Tracer.Bundles;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>How the store is looked after.</summary>
public sealed record UpkeepOptions
{
    /// <summary>Days for which partitions stand ready before they begin. Default 2.</summary>
    public int DaysAhead { get; init; } = 2;

    /// <summary>How long calls are kept; null for ever. Default 30 days.</summary>
    public TimeSpan? Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long after its end a day is closed: late calls are rarer then. Default 1 hour.</summary>
    public TimeSpan CloseAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a trace rests before it is bundled (docs/store.md): one that grew since is bundled anew. Default 1 minute.</summary>
    public TimeSpan BundleAfter { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>What a round of upkeep did.</summary>
/// <param name="Made">Days that got partitions.</param>
/// <param name="Closed">Days that were packed and got their later indexes.</param>
/// <param name="Dropped">Days that are gone.</param>
public sealed record UpkeepResult(IReadOnlyList<DateOnly> Made, IReadOnlyList<DateOnly> Closed, IReadOnlyList<DateOnly> Dropped)
{
    /// <summary>Traces that were bundled, or bundled anew.</summary>
    public long Bundled { get; init; }
}

/// <summary>
/// Makes partitions ahead, closes those whose day is over, drops those past retention, bundles traces that rest. One process at a time does it; others find it done.
/// </summary>
public sealed class StoreUpkeep(NpgsqlDataSource database, UpkeepOptions options, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>One round. Null when another process is at it.</summary>
    /// <exception cref="NpgsqlException">Postgres is away, or a query held a table for too long; the next round goes on where this one
    /// stopped.</exception>
    public async Task<UpkeepResult?> RunAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        if (await ScalarAsync<bool>(connection, "SELECT pg_try_advisory_lock(7723519, 3)", cancellation) is false) return null;
        try
        {
            // Dropping a partition waits for readers of the whole table, and everybody else then waits behind it.
            await RunAsync(connection, "SET lock_timeout = '3s'", cancellation);
            DateTime now = _time.GetUtcNow().UtcDateTime;
            var today = DateOnly.FromDateTime(now);
            var made = new List<DateOnly>();
            for (int i = 0; i <= options.DaysAhead; i++)
            {
                DateOnly day = today.AddDays(i);
                if (await ScalarAsync<bool>(connection, $"SELECT make_partition('{Text(day)}')", cancellation)) made.Add(day);
            }

            List<DateOnly> dropped = options.Retention is { } retention ? await DropBeforeAsync(connection, now - retention, cancellation)
                : [];
            long bundled = await new Bundler(connection, _time, options.BundleAfter).RunAsync(cancellation);
            var closed = new List<DateOnly>();
            foreach (DateOnly day in await DaysAsync(connection, "closed IS NULL", cancellation))
            {
                if (day.AddDays(1).ToDateTime(TimeOnly.MinValue) + options.CloseAfter > now) continue;
                await CloseAsync(connection, day, cancellation);
                closed.Add(day);
            }

            return new UpkeepResult(made, closed, dropped) { Bundled = bundled };
        }
        finally
        {
            // A connection that broke has given the lock back already.
            if (connection.State == System.Data.ConnectionState.Open) await RunAsync(connection,
                "RESET lock_timeout; SELECT pg_advisory_unlock(7723519, 3)", CancellationToken.None);
        }
    }

    /// <summary>Rounds until cancelled, the first one now. A round that fails is left to the next.</summary>
    /// <param name="every">Time between the rounds.</param>
    /// <param name="failed">Told of a failure; null for nobody.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunEveryAsync(TimeSpan every, Action<Exception>? failed = null, CancellationToken cancellation = default)
    {
        using var timer = new PeriodicTimer(every, _time);
        try
        {
            do
            {
                try
                {
                    await RunAsync(cancellation);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException)
                {
                    failed?.Invoke(e);
                }
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }

    /// <summary>Drops the days that ended before a time, and what belongs to them.</summary>
    public async Task<IReadOnlyList<DateOnly>> DropBeforeAsync(DateTimeOffset before, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        return await DropBeforeAsync(connection, before.UtcDateTime, cancellation);
    }

    /// <summary>The days that <see cref="DropBeforeAsync(DateTimeOffset, CancellationToken)"/> would drop.</summary>
    public async Task<IReadOnlyList<DateOnly>> DaysBeforeAsync(DateTimeOffset before, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        return await DaysAsync(connection, $"day < '{Text(DateOnly.FromDateTime(before.UtcDateTime))}'", cancellation);
    }

    private static async Task<List<DateOnly>> DropBeforeAsync(NpgsqlConnection connection, DateTime before, CancellationToken cancellation)
    {
        List<DateOnly> days = await DaysAsync(connection, $"day < '{Text(DateOnly.FromDateTime(before))}'", cancellation);
        foreach (DateOnly day in days)
        {
            await RunAsync(connection, $"SELECT drop_partition('{Text(day)}')", cancellation);
        }

        if (days.Count > 0) await RunAsync(connection, $"DELETE FROM trace WHERE seen < '{Text(DateOnly.FromDateTime(before))}'",
            cancellation);
        return days;
    }

    // Nobody adds to the day any more, or hardly: its indexes are packed, and those that only searches need are made.
    private static async Task CloseAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellation)
    {
        string suffix = day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        foreach (string index in (string[])["id", "parent"])
        {
            await RunAsync(connection, $"ALTER INDEX call_{suffix}_{index} SET (fillfactor = 100)", cancellation);
            await RunAsync(connection, $"REINDEX INDEX CONCURRENTLY call_{suffix}_{index}", cancellation);
        }

        await RunAsync(connection,
            $"CREATE INDEX IF NOT EXISTS call_{suffix}_shape ON call_{suffix} USING brin (shape int4_bloom_ops) WITH (pages_per_range = 32)", cancellation);
        await RunAsync(connection, $"VACUUM (FREEZE, ANALYZE) call_{suffix}", cancellation);
        await RunAsync(connection, $"VACUUM (FREEZE, ANALYZE) flow_{suffix}", cancellation);
        await RunAsync(connection, $"VACUUM (FREEZE, ANALYZE) bundle_{suffix}", cancellation);
        await RunAsync(connection, $"UPDATE partition SET closed = now() WHERE day = '{Text(day)}'", cancellation);
    }

    private static async Task<List<DateOnly>> DaysAsync(NpgsqlConnection connection, string condition, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT day FROM partition WHERE {condition} ORDER BY day", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var days = new List<DateOnly>();
        while (await reader.ReadAsync(cancellation)) days.Add(reader.GetFieldValue<DateOnly>(0));
        return days;
    }

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
