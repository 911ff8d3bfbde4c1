using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.PolicyEngine.Storage;

/// <summary>A time at which a set became the active one.</summary>
/// <param name="Id">Its number.</param>
/// <param name="At">When.</param>
/// <param name="Author">Who.</param>
/// <param name="Set">The set's digest.</param>
/// <param name="Default">The set's default.</param>
/// <param name="Policies">Its policies: name to digest.</param>
public sealed record PolicyActivation(long Id, DateTimeOffset At, string Author, string Set, Verdict Default, IReadOnlyDictionary<string, string> Policies);

/// <summary>Every set of policies that was ever active, in Postgres.</summary>
/// <param name="database">The store, migrated.</param>
public sealed class PolicyHistory(NpgsqlDataSource database)
{
    /// <summary>Processes that watch the active set listen on this channel.</summary>
    public const string Channel = "chain_policy";

    /// <summary>Records that a set is the active one from now on, and tells whoever watches. Recording the active set again changes nothing.</summary>
    /// <returns>Whether it was another set before.</returns>
    public async Task<bool> ActivateAsync(PolicySet set, string author, DateTimeOffset now, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await AlertStore.RunAsync(connection, "LOCK TABLE policy_activation IN SHARE ROW EXCLUSIVE MODE", cancellation);
        var ids = new List<int>();
        foreach (Policy policy in set.Policies)
        {
            // DO UPDATE, so that RETURNING answers for a version that is known as well.
            ids.Add((int)await AlertStore.ScalarAsync(connection, """
                INSERT INTO policy (digest, name, effect, severity, mode, source) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (digest) DO UPDATE SET name = excluded.name RETURNING id
                """, cancellation, policy.Digest, policy.Name, (short)policy.Effect, (short)policy.Severity, (short)policy.Mode, policy.Source));
        }

        int setId = (int)await AlertStore.ScalarAsync(connection, """
            INSERT INTO policy_set (digest, fallback, policies) VALUES ($1, $2, $3)
            ON CONFLICT (digest) DO UPDATE SET fallback = excluded.fallback RETURNING id
            """, cancellation, set.Digest, (short)set.Default, ids.ToArray());
        int added = await AlertStore.RunAsync(connection, """
            INSERT INTO policy_activation (set, activated, author)
            SELECT $1, $2, $3 WHERE $1 IS DISTINCT FROM (SELECT set FROM policy_activation ORDER BY id DESC LIMIT 1)
            """, cancellation, setId, now.UtcDateTime, author);
        if (added > 0) await AlertStore.RunAsync(connection, $"NOTIFY {Channel}", cancellation);
        await transaction.CommitAsync(cancellation);
        return added > 0;
    }

    /// <summary>The active set; null where none was ever recorded.</summary>
    /// <exception cref="PolicySetException">A stored policy does not check any more: it was written by another version of Chain.</exception>
    public async Task<PolicySet?> ActiveAsync(LabelStore labels, CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT s.fallback, p.name, p.source FROM policy_set s LEFT JOIN policy p ON p.id = ANY (s.policies)
            WHERE s.id = (SELECT set FROM policy_activation ORDER BY id DESC LIMIT 1)
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var files = new List<PolicyFile>();
        bool found = false;
        while (await reader.ReadAsync(cancellation))
        {
            if (!found && reader.GetInt16(0) == (short)Verdict.Deny) files.Add(new PolicyFile("(set)", "set: active\ndefault: deny\n"));
            found = true;
            if (!reader.IsDBNull(1)) files.Add(new PolicyFile($"(stored {reader.GetString(1)})", reader.GetString(2)));
        }

        return found ? PolicyLoader.Load(files, labels) : null;
    }

    /// <summary>When which set became active, the last first.</summary>
    public async Task<IReadOnlyList<PolicyActivation>> ActivationsAsync(int limit, CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT a.id, a.activated, a.author, s.digest, s.fallback,
                   (SELECT coalesce(array_agg(p.name ORDER BY p.name), '{}') FROM policy p WHERE p.id = ANY (s.policies)),
                   (SELECT coalesce(array_agg(p.digest ORDER BY p.name), '{}') FROM policy p WHERE p.id = ANY (s.policies))
            FROM policy_activation a JOIN policy_set s ON s.id = a.set ORDER BY a.id DESC LIMIT $1
            """);
        AlertStore.Add(command, limit);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var activations = new List<PolicyActivation>();
        while (await reader.ReadAsync(cancellation))
        {
            string[] names = reader.GetFieldValue<string[]>(5);
            string[] digests = reader.GetFieldValue<string[]>(6);
            activations.Add(new PolicyActivation(
                reader.GetInt64(0), reader.GetFieldValue<DateTime>(1), reader.GetString(2), reader.GetString(3), (Verdict)reader.GetInt16(4),
                Enumerable.Range(0, names.Length).ToDictionary(i => names[i], i => digests[i])));
        }

        return activations;
    }

    /// <summary>Keeps a process's set the active one of the store: loads it now, and again whenever another becomes active.</summary>
    /// <param name="active">What decides in this process.</param>
    /// <param name="refused">Told of a stored set that does not check here; the set that was active stays.</param>
    /// <param name="cancellation">Stops watching.</param>
    /// <exception cref="NpgsqlException">The connection was lost; watch again.</exception>
    public async Task WatchAsync(ActivePolicies active, Action<PolicySetException> refused, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        // Listening begins before the first look, so that no change falls between the two.
        await AlertStore.RunAsync(connection, $"LISTEN {Channel}", cancellation);
        while (true)
        {
            try
            {
                await active.ChangeAsync(() => ActiveAsync(active.Current.Labels, cancellation), cancellation);
            }
            catch (PolicySetException e)
            {
                refused(e);
            }

            await connection.WaitAsync(cancellation);
        }
    }
}
