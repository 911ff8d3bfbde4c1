using System.Globalization;
using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>The days of call ids. A day is counted from <see cref="CallId.Epoch"/>.</summary>
internal static class CallDay
{
    private const long Microseconds = 86_400_000_000;

    public static long Of(long id) => (id >> CallId.LaneBits) / Microseconds;

    public static long FirstId(long day) => (day * Microseconds) << CallId.LaneBits;

    public static DateOnly Date(long day) => DateOnly.FromDateTime(CallId.Epoch.UtcDateTime.AddDays(day));

    public static long Of(DateOnly date) => date.DayNumber - DateOnly.FromDateTime(CallId.Epoch.UtcDateTime).DayNumber;

    public static string Suffix(long day) => Date(day).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}

/// <summary>The daily partitions of <c>call</c> and <c>flow</c>.</summary>
public static class Partitions
{
    /// <summary>Makes the partitions of a day unless they are there. Safe when several processes ask at once.</summary>
    public static void Make(NpgsqlConnection connection, DateOnly day)
    {
        using var command = new NpgsqlCommand("SELECT make_partition($1)", connection);
        command.Parameters.AddWithValue(day);
        command.ExecuteNonQuery();
    }

    /// <summary>
    /// Summarises what was added to a day since the last time, so that a trace in it is found by its summary. Not while a vacuum is at it.
    /// </summary>
    public static void Summarise(NpgsqlConnection connection, DateOnly day)
    {
        string suffix = day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        // The setting goes with the transaction: the connection may be one that is not reset.
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        using var command = new NpgsqlCommand($"""
            SET LOCAL lock_timeout = '20ms';
            SELECT brin_summarize_new_values(index) FROM unnest(ARRAY[to_regclass('call_{suffix}_trace'), to_regclass('call_{suffix}_labels')]) index
            WHERE index IS NOT NULL AND pg_try_advisory_xact_lock(7723519, 4)
            """, connection);
        try
        {
            command.ExecuteNonQuery();
            transaction.Commit();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Next time will do.
        }
    }
}
