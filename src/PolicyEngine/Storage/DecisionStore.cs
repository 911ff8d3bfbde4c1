using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.PolicyEngine.Storage;

/// <summary>A decision to be recorded.</summary>
/// <param name="Call">The call.</param>
/// <param name="Event">When it was decided.</param>
/// <param name="Decision">What was decided; one with <see cref="Decision.IsRecorded"/>.</param>
/// <param name="Ordinal">Which decision of the call at this event: 0, 1, … for several declassifications.</param>
public readonly record struct DecisionRecord(CallId Call, PolicyEvent Event, Decision Decision, short Ordinal = 0);

/// <summary>Records decisions. For one batch at a time; the sets must have been active (see <see cref="PolicyHistory"/>).</summary>
/// <param name="database">The store, migrated.</param>
public sealed class DecisionStore(NpgsqlDataSource database)
{
    private const int Remembered = 100_000;

    private readonly Dictionary<Decision, int> _shapes = [];

    /// <summary>Stores decisions; those that are stored already are left as they are.</summary>
    public async Task WriteAsync(IReadOnlyList<DecisionRecord> decisions, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        if (_shapes.Count > Remembered) _shapes.Clear();
        var shapes = new int[decisions.Count];
        for (int i = 0; i < shapes.Length; i++)
        {
            Decision decision = decisions[i].Decision;
            if (!_shapes.TryGetValue(decision, out shapes[i])) _shapes[decision] = shapes[i] = await ShapeAsync(connection, decision, cancellation);
        }

        await AlertStore.RunAsync(connection, """
            INSERT INTO decision (call, shape, event, n) SELECT * FROM unnest($1::bigint[], $2::int[], $3::smallint[], $4::smallint[]) ON CONFLICT DO NOTHING
            """, cancellation,
            decisions.Select(d => d.Call.Value).ToArray(), shapes, decisions.Select(d => (short)d.Event).ToArray(), decisions.Select(d => d.Ordinal).ToArray());
    }

    private static async Task<int> ShapeAsync(NpgsqlConnection connection, Decision decision, CancellationToken cancellation) =>
        (int)await AlertStore.ScalarAsync(connection, """
            INSERT INTO decision_shape (set, policies, outcomes, verdict, shadow)
            SELECT s.id, (SELECT coalesce(array_agg(p.id ORDER BY d.n), '{}') FROM unnest($2::text[]) WITH ORDINALITY d(digest, n) JOIN policy p ON p.digest = d.digest), $3, $4, $5
            FROM policy_set s WHERE s.digest = $1
            ON CONFLICT (set, policies, outcomes, verdict, shadow) DO UPDATE SET verdict = excluded.verdict RETURNING id
            """, cancellation,
            decision.Set.Digest, decision.Outcomes.Select(o => o.Policy.Digest).ToArray(), decision.Outcomes.Select(OutcomeCode).ToArray(),
            (short)decision.Verdict, (short)decision.ShadowVerdict);

    private static short OutcomeCode(PolicyOutcome outcome) => outcome.Error is null ? (short)0 : outcome.Applies ? (short)1 : (short)2;
}
