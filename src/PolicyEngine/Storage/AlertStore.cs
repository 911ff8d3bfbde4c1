using System.Globalization;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Policies;
using Npgsql;
using NpgsqlTypes;

namespace Chain.PolicyEngine.Storage;

/// <summary>A notice that this process has to send now.</summary>
/// <param name="Id">Row of <c>notice</c>.</param>
/// <param name="Receiver">To whom.</param>
/// <param name="Notice">What.</param>
/// <param name="Attempt">1 for the first.</param>
/// <param name="Made">When the notice was made.</param>
public sealed record LeasedNotice(long Id, string Receiver, Notice Notice, int Attempt, DateTimeOffset Made);

/// <summary>Alerts, their groups and the outbox in Postgres. Any number of processes may use one database at once.</summary>
/// <param name="database">The store, migrated.</param>
/// <param name="options">How violations become notices.</param>
public sealed class AlertStore(NpgsqlDataSource database, AlertOptions options)
{
    private const int MaxMessage = 2_000;

    /// <summary>Stores violations, with their alerts and groups: all or none.</summary>
    /// <param name="violations">The violations.</param>
    /// <param name="again">Whether some may be stored already, since an answer was lost or a process killed; those are left out.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="NpgsqlException">Postgres is away or refuses; nothing was stored, or all of it and the answer was lost.</exception>
    public async Task StoreAsync(IReadOnlyList<Violation> violations, bool again = false, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        if (again) violations = await MissingAsync(connection, violations, cancellation);
        if (violations.Count == 0) return;
        DateTimeOffset from = violations.Min(v => v.At);
        List<Silence> silences = await SilenceStore.ReadAsync(connection, "WHERE starts <= $2 AND ends > $1", cancellation, from.UtcDateTime, violations.Max(v => v.At).UtcDateTime);
        var seen = violations.Select(v => new Seen(v, v.Labels, silences)).ToList();

        // In the order of their keys, so that two processes that store the same groups wait for each other and do not deadlock.
        foreach (IGrouping<string, Seen> group in seen.GroupBy(GroupKey).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            long groupId = await StoreGroupAsync(connection, group.Key, [.. group], cancellation);
            foreach (IGrouping<string, Seen> alert in group.GroupBy(s => s.Violation.Fingerprint).OrderBy(a => a.Key, StringComparer.Ordinal))
            {
                long alertId = await StoreAlertAsync(connection, groupId, alert.Key, [.. alert], cancellation);
                await StoreViolationsAsync(connection, alertId, [.. alert], cancellation);
            }
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Makes the notices that are due, one for each receiver, in the transactions that mark their groups as told.</summary>
    /// <returns>How many groups had something to say.</returns>
    public async Task<int> MakeNoticesAsync(DateTimeOffset now, CancellationToken cancellation = default)
    {
        int made = 0;
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        while (await NextDueAsync(connection, now, cancellation)) made++;
        return made;
    }

    /// <summary>Takes undelivered notices for sending. One that is not answered for within the send time-out and a half is taken again.</summary>
    public async Task<IReadOnlyList<LeasedNotice>> LeaseAsync(DateTimeOffset now, int limit, CancellationToken cancellation = default)
    {
        string[] receivers = [.. options.Receivers.Select(r => r.Name)];
        await using NpgsqlCommand command = database.CreateCommand("""
            UPDATE notice SET attempts = attempts + 1, next_attempt = $2
            WHERE id IN (
                SELECT n.id FROM notice n
                WHERE delivered IS NULL AND abandoned IS NULL AND next_attempt <= $1 AND receiver = ANY ($3)
                  AND NOT EXISTS (
                    SELECT FROM notice e WHERE e.group_id = n.group_id AND e.receiver = n.receiver AND e.sequence < n.sequence
                      AND e.delivered IS NULL AND e.abandoned IS NULL)
                ORDER BY next_attempt LIMIT $4 FOR UPDATE SKIP LOCKED)
            RETURNING id, receiver, body::text, attempts, made
            """);
        Add(command, now.UtcDateTime, (now + (options.SendTimeout * 1.5)).UtcDateTime, receivers, limit);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var leased = new List<LeasedNotice>();
        while (await reader.ReadAsync(cancellation))
        {
            leased.Add(new LeasedNotice(reader.GetInt64(0), reader.GetString(1), AlertJson.Read<Notice>(reader.GetString(2)), reader.GetInt32(3), reader.GetFieldValue<DateTime>(4)));
        }

        return leased;
    }

    /// <summary>The receiver has it.</summary>
    public Task DeliveredAsync(long id, DateTimeOffset now, CancellationToken cancellation = default) =>
        RunAsync("UPDATE notice SET delivered = $2, error = NULL WHERE id = $1", cancellation, id, now.UtcDateTime);

    /// <summary>The receiver did not take it; it is tried again at <paramref name="again"/>, or never where that is null.</summary>
    public Task FailedAsync(long id, string error, DateTimeOffset now, DateTimeOffset? again, CancellationToken cancellation = default) => again is { } at
        ? RunAsync("UPDATE notice SET error = $2, next_attempt = $3 WHERE id = $1", cancellation, id, Cut(error), at.UtcDateTime)
        : RunAsync("UPDATE notice SET error = $2, abandoned = $3 WHERE id = $1", cancellation, id, Cut(error), now.UtcDateTime);

    /// <summary>When there will be something to do next; null where nothing is waiting.</summary>
    public async Task<DateTimeOffset?> NextWorkAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT least(
                (SELECT min(due) FROM alert_group WHERE due IS NOT NULL),
                (SELECT min(last_seen) + $1 FROM alert_group WHERE firing),
                (SELECT min(next_attempt) FROM notice WHERE delivered IS NULL AND abandoned IS NULL AND receiver = ANY ($2)))
            """);
        Add(command, options.ResolveAfter, options.Receivers.Select(r => r.Name).ToArray());
        return await command.ExecuteScalarAsync(cancellation) is DateTime next ? next : null;
    }

    // A policy objects to a call at one event once a microsecond at most.
    private static async Task<IReadOnlyList<Violation>> MissingAsync(NpgsqlConnection connection, IReadOnlyList<Violation> violations, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT v.call, v.event, v.at, a.fingerprint FROM violation v JOIN alert a ON a.id = v.alert WHERE v.call = ANY ($1)", connection);
        Add(command, violations.Select(static one => one.Call.Value).Distinct().ToArray());
        var there = new HashSet<(long, short, long, string)>();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) there.Add((reader.GetInt64(0), reader.GetInt16(1), Micros(reader.GetFieldValue<DateTime>(2)), reader.GetString(3)));
        return [.. violations.Where(one => !there.Contains((one.Call.Value, (short)one.Event, Micros(one.At.UtcDateTime), one.Fingerprint)))];
    }

    // What Postgres keeps of a time.
    private static long Micros(DateTime time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    internal static string Cut(string text) => text.Length <= MaxMessage ? text : text[..MaxMessage];

    private string GroupKey(Seen seen) => Violation.Hash([.. options.GroupBy.SelectMany(l => (string[])[l, seen.Labels.GetValueOrDefault(l, "")])]);

    private async Task<long> StoreGroupAsync(NpgsqlConnection connection, string key, List<Seen> seen, CancellationToken cancellation)
    {
        var shared = options.GroupBy.ToDictionary(l => l, l => seen[0].Labels.GetValueOrDefault(l, ""));
        int loud = seen.Count(s => s.Silence is null);
        DateTime first = seen.Min(s => s.Violation.At).UtcDateTime;
        DateTime last = seen.Max(s => s.Violation.At).UtcDateTime;
        // A group that was resolved begins anew; one that is firing waits its turn.
        return await ScalarAsync(connection, """
            INSERT INTO alert_group AS g (key, labels, firing, severity, first_seen, last_seen, count, unsaid, due)
            VALUES ($1, $2, $3 > 0, $4, $5, $6, $3, $3, CASE WHEN $3 > 0 THEN $5 + $7 END)
            ON CONFLICT (key) DO UPDATE SET
                firing = g.firing OR $3 > 0,
                severity = CASE WHEN g.firing THEN greatest(g.severity, $4) ELSE $4 END,
                first_seen = CASE WHEN g.firing THEN least(g.first_seen, $5) ELSE $5 END,
                last_seen = CASE WHEN $3 > 0 THEN greatest(g.last_seen, $6) ELSE g.last_seen END,
                count = CASE WHEN g.firing THEN g.count ELSE 0 END + $3,
                unsaid = g.unsaid + $3,
                due = CASE WHEN $3 = 0 OR g.due IS NOT NULL THEN g.due
                           WHEN g.firing AND g.noticed IS NOT NULL THEN greatest($5 + $7, g.noticed + $8)
                           ELSE $5 + $7 END
            RETURNING id
            """, cancellation, key, Json(shared), loud, (short)seen.Max(s => s.Violation.Severity), first, last, options.FirstWait, options.Repeat);
    }

    private static async Task<long> StoreAlertAsync(NpgsqlConnection connection, long group, string fingerprint, List<Seen> seen, CancellationToken cancellation)
    {
        Violation last = seen.MaxBy(s => s.Violation.At)!.Violation;
        int loud = seen.Count(s => s.Silence is null);
        return await ScalarAsync(connection, """
            INSERT INTO alert AS a (fingerprint, group_id, labels, severity, message, version, call, trace, first_seen, last_seen, count, unsaid, silenced)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11 - $12)
            ON CONFLICT (fingerprint) DO UPDATE SET
                group_id = $2, severity = $4, message = $5, version = $6, call = $7, trace = $8, last_seen = greatest(a.last_seen, $10),
                count = a.count + $11, unsaid = a.unsaid + $12, silenced = a.silenced + $11 - $12
            RETURNING id
            """, cancellation,
            fingerprint, group, Json(last.Labels), (short)last.Severity, Cut(last.Message), last.Version, last.Call.Value, last.Trace.ToString(),
            seen.Min(s => s.Violation.At).UtcDateTime, last.At.UtcDateTime, seen.Count, loud);
    }

    private static async Task StoreViolationsAsync(NpgsqlConnection connection, long alert, List<Seen> seen, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            INSERT INTO violation (alert, call, event, at, silence, message)
            SELECT $1, v.* FROM unnest($2::bigint[], $3::smallint[], $4::timestamptz[], $5::bigint[], $6::text[]) v
            """, connection);
        Add(
            command, alert, seen.Select(s => s.Violation.Call.Value).ToArray(), seen.Select(s => (short)s.Violation.Event).ToArray(),
            seen.Select(s => s.Violation.At.UtcDateTime).ToArray(), seen.Select(s => s.Silence?.Id).ToArray(), seen.Select(s => Cut(s.Violation.Message)).ToArray());
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Makes the notices of one group that is due or has gone quiet; false where there is none.</summary>
    private async Task<bool> NextDueAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        if (await GroupAsync(connection, now, cancellation) is not { } group) return false;
        bool resolved = group.Unsaid == 0;
        IReadOnlyList<NoticeAlert> alerts = await AlertsAsync(connection, group, resolved, cancellation);
        int changed = alerts.Count < Notice.MaxAlerts ? alerts.Count : await CountChangedAsync(connection, group, cancellation);
        int sequence = group.Notices + 1;
        var notice = new Notice
        {
            Id = $"{group.Key}-{sequence.ToString(CultureInfo.InvariantCulture)}",
            Status = resolved ? "resolved" : "firing",
            Group = group.Key,
            Labels = AlertJson.Read<Dictionary<string, string>>(group.Labels),
            Severity = group.Severity.ToString().ToLowerInvariant(),
            New = group.Unsaid,
            Total = group.Count,
            FirstSeen = group.FirstSeen,
            LastSeen = group.LastSeen,
            EndsAt = group.LastSeen + options.ResolveAfter,
            Alerts = alerts,
            Omitted = Math.Max(0, changed - alerts.Count),
        };
        await using var said = new NpgsqlBatch(connection);
        // A group that was only ever silenced has nobody to be told that it is over.
        if (!resolved || group.Notices > 0)
        {
            Add(said, """
                INSERT INTO notice (group_id, sequence, receiver, body, made, next_attempt)
                SELECT $1, $2, r, $3, $4, $4 FROM unnest($5) r ON CONFLICT DO NOTHING
                """, group.Id, sequence, Json(notice), now.UtcDateTime, options.Receivers.Select(r => r.Name).ToArray());
        }

        Add(said, "UPDATE alert_group SET due = NULL, unsaid = 0, noticed = $2, notices = $3, firing = $4 WHERE id = $1", group.Id, now.UtcDateTime, sequence, !resolved);
        Add(said, "UPDATE alert SET unsaid = 0 WHERE group_id = $1 AND unsaid > 0", group.Id);
        await said.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    private async Task<DueGroup?> GroupAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            SELECT id, key, labels::text, severity, unsaid, count, notices, first_seen, last_seen FROM alert_group
            WHERE due <= $1 OR (firing AND unsaid = 0 AND last_seen < $2)
            ORDER BY due NULLS LAST LIMIT 1 FOR UPDATE SKIP LOCKED
            """, connection);
        Add(command, now.UtcDateTime, (now - options.ResolveAfter).UtcDateTime);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        return new DueGroup(
            reader.GetInt64(0), reader.GetString(1), reader.GetString(2), (Severity)reader.GetInt16(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt32(6),
            reader.GetFieldValue<DateTime>(7), reader.GetFieldValue<DateTime>(8));
    }

    private static async Task<int> CountChangedAsync(NpgsqlConnection connection, DueGroup group, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM alert WHERE group_id = $1 AND unsaid > 0", connection);
        Add(command, group.Id);
        return (int)(long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<IReadOnlyList<NoticeAlert>> AlertsAsync(NpgsqlConnection connection, DueGroup group, bool resolved, CancellationToken cancellation)
    {
        string which = resolved ? "last_seen >= $3" : "unsaid > 0 AND last_seen >= $3 - interval '1 day'";
        await using var command = new NpgsqlCommand($"""
            SELECT fingerprint, labels::text, severity, message, version, call, trace, unsaid, count, first_seen, last_seen
            FROM alert WHERE group_id = $1 AND {which} ORDER BY severity DESC, unsaid DESC, id LIMIT $2
            """, connection);
        Add(command, group.Id, Notice.MaxAlerts, group.FirstSeen.UtcDateTime);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var alerts = new List<NoticeAlert>();
        while (await reader.ReadAsync(cancellation))
        {
            alerts.Add(new NoticeAlert
            {
                Fingerprint = reader.GetString(0),
                Labels = AlertJson.Read<Dictionary<string, string>>(reader.GetString(1)),
                Severity = ((Severity)reader.GetInt16(2)).ToString().ToLowerInvariant(),
                Message = reader.GetString(3),
                Version = reader.GetString(4),
                Call = new Tracer.Calls.CallId(reader.GetInt64(5)).ToString(),
                Trace = reader.GetString(6),
                New = reader.GetInt64(7),
                Total = reader.GetInt64(8),
                FirstSeen = reader.GetFieldValue<DateTime>(9),
                LastSeen = reader.GetFieldValue<DateTime>(10),
            });
        }

        return alerts;
    }

    private async Task RunAsync(string sql, CancellationToken cancellation, params object?[] values)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await RunAsync(connection, sql, cancellation, values);
    }

    internal static async Task<int> RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object?[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command, values);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    internal static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object?[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command, values);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture);
    }

    internal static JsonText Json<T>(T value) => new(AlertJson.Write(value));

    internal static void Add(NpgsqlCommand command, params object?[] values)
    {
        foreach (object? value in values) command.Parameters.Add(Parameter(value));
    }

    private static void Add(NpgsqlBatch batch, string sql, params object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (object? value in values) command.Parameters.Add(Parameter(value));
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter Parameter(object? value) => value is JsonText json
        ? new NpgsqlParameter { Value = json.Text, NpgsqlDbType = NpgsqlDbType.Jsonb }
        : new NpgsqlParameter { Value = value ?? DBNull.Value };

    /// <summary>Text that goes into a jsonb column.</summary>
    internal sealed record JsonText(string Text);

    private sealed record Seen
    {
        public Seen(Violation violation, IReadOnlyDictionary<string, string> labels, List<Silence> silences)
        {
            Violation = violation;
            Labels = labels;
            Silence = silences.Find(s => s.IsActive(violation.At) && s.Matches(labels));
        }

        public Violation Violation { get; }

        public IReadOnlyDictionary<string, string> Labels { get; }

        public Silence? Silence { get; }
    }

    private sealed record DueGroup(
        long Id, string Key, string Labels, Severity Severity, long Unsaid, long Count, int Notices, DateTimeOffset FirstSeen, DateTimeOffset LastSeen);
}
