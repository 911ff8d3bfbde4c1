using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Policies;
using Npgsql;

namespace Chain.PolicyEngine.Storage;

/// <summary>An alert as lists show it.</summary>
/// <param name="Fingerprint">Its identity.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Message">The message of its last violation.</param>
/// <param name="Call">The last call.</param>
/// <param name="Trace">The last call's trace.</param>
/// <param name="FirstSeen">Its first violation.</param>
/// <param name="LastSeen">Its last violation.</param>
/// <param name="Count">How many violations.</param>
/// <param name="Silenced">How many of them a silence kept quiet.</param>
/// <param name="Firing">Whether its group is firing.</param>
/// <param name="Waiting">Notices of its group that are not delivered yet.</param>
/// <param name="Error">Why the last attempt to deliver one failed.</param>
public sealed record AlertSummary(
    string Fingerprint, IReadOnlyDictionary<string, string> Labels, Severity Severity, string Message, Tracer.Calls.CallId Call, string Trace,
    DateTimeOffset FirstSeen, DateTimeOffset LastSeen, long Count, long Silenced, bool Firing, long Waiting, string? Error);

/// <summary>One violation as <c>chain alerts --follow</c> shows it.</summary>
public sealed record ViolationLine(long Id, DateTimeOffset At, Severity Severity, string Policy, string Message, Tracer.Calls.CallId Call, bool IsSilenced);

/// <summary>Reads alerts.</summary>
/// <param name="database">The store, migrated.</param>
public sealed class AlertReader(NpgsqlDataSource database)
{
    /// <summary>Alerts, the last seen first.</summary>
    /// <param name="firingOnly">Leave out those whose group is resolved.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<IReadOnlyList<AlertSummary>> ListAsync(bool firingOnly, int limit, CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand($"""
            SELECT a.fingerprint, a.labels::text, a.severity, a.message, a.call, a.trace, a.first_seen, a.last_seen, a.count, a.silenced, g.firing,
                   (SELECT count(*) FROM notice n WHERE n.group_id = g.id AND n.delivered IS NULL AND n.abandoned IS NULL),
                   (SELECT n.error FROM notice n WHERE n.group_id = g.id AND n.error IS NOT NULL ORDER BY n.id DESC LIMIT 1)
            FROM alert a JOIN alert_group g ON g.id = a.group_id
            {(firingOnly ? "WHERE g.firing" : "")} ORDER BY a.last_seen DESC LIMIT $1
            """);
        AlertStore.Add(command, limit);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var alerts = new List<AlertSummary>();
        while (await reader.ReadAsync(cancellation))
        {
            alerts.Add(new AlertSummary(
                reader.GetString(0), AlertJson.Read<Dictionary<string, string>>(reader.GetString(1)), (Severity)reader.GetInt16(2), reader.GetString(3),
                new Tracer.Calls.CallId(reader.GetInt64(4)), reader.GetString(5), reader.GetFieldValue<DateTime>(6), reader.GetFieldValue<DateTime>(7),
                reader.GetInt64(8), reader.GetInt64(9), reader.GetBoolean(10), reader.GetInt64(11), reader.IsDBNull(12) ? null : reader.GetString(12)));
        }

        return alerts;
    }

    /// <summary>The number of the last violation; 0 where there is none.</summary>
    public async Task<long> LastViolationAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT coalesce(max(id), 0) FROM violation");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>The violations after a number, oldest first.</summary>
    public async Task<IReadOnlyList<ViolationLine>> ViolationsAfterAsync(long after, int limit, CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT v.id, v.at, a.severity, a.labels ->> 'policy', v.message, v.call, v.silence IS NOT NULL
            FROM violation v JOIN alert a ON a.id = v.alert WHERE v.id > $1 ORDER BY v.id LIMIT $2
            """);
        AlertStore.Add(command, after, limit);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var lines = new List<ViolationLine>();
        while (await reader.ReadAsync(cancellation))
        {
            lines.Add(new ViolationLine(
                reader.GetInt64(0), reader.GetFieldValue<DateTime>(1), (Severity)reader.GetInt16(2), reader.GetString(3), reader.GetString(4),
                new Tracer.Calls.CallId(reader.GetInt64(5)), reader.GetBoolean(6)));
        }

        return lines;
    }
}
