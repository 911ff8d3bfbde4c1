using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.PolicyEngine.Storage;

/// <summary>A decision to be recorded.</summary>
/// <param name="Call">The call.</param>
/// <param name="Event">When it was decided.</param>
/// <param name="Shape">What was decided (<see cref="Decision.Shape"/>, of one with <see cref="Decision.IsRecorded"/>).</param>
/// <param name="Ordinal">Which decision of the call at this event: 0, 1, … for several declassifications.</param>
public readonly record struct DecisionRecord(CallId Call, PolicyEvent Event, DecisionShape Shape, short Ordinal = 0);

/// <summary>Records decisions. For one batch at a time; the sets must have been active (see <see cref="PolicyHistory"/>).</summary>
/// <param name="database">The store, migrated.</param>
public sealed class DecisionStore(NpgsqlDataSource database)
{
    private const int Remembered = 100_000;

    private readonly Dictionary<DecisionShape, int> _shapes = [];

    /// <summary>Stores decisions; those that are stored already are left as they are.</summary>
    /// <returns>How many cannot be stored, because the store has never heard of their sets: it is another one than that of the process that decided.</returns>
    public async Task<int> WriteAsync(IReadOnlyList<DecisionRecord> decisions, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        if (_shapes.Count > Remembered) _shapes.Clear();
        var (known, shapes) = (new List<DecisionRecord>(decisions.Count), new List<int>(decisions.Count));
        foreach (DecisionRecord decision in decisions)
        {
            if (!_shapes.TryGetValue(decision.Shape, out int shape)) shape = await ShapeAsync(connection, decision.Shape, cancellation);
            if (shape == 0) continue;
            _shapes[decision.Shape] = shape;
            known.Add(decision);
            shapes.Add(shape);
        }

        await AlertStore.RunAsync(connection, """
            INSERT INTO decision (call, shape, event, n) SELECT * FROM unnest($1::bigint[], $2::int[], $3::smallint[], $4::smallint[]) ON CONFLICT DO NOTHING
            """, cancellation,
            known.Select(d => d.Call.Value).ToArray(), shapes.ToArray(), known.Select(d => (short)d.Event).ToArray(), known.Select(d => d.Ordinal).ToArray());
        return decisions.Count - known.Count;
    }

    // 0 where there is no such set; numbers begin at 1.
    private static async Task<int> ShapeAsync(NpgsqlConnection connection, DecisionShape shape, CancellationToken cancellation) =>
        (int)await AlertStore.ScalarAsync(connection, """
            INSERT INTO decision_shape (set, policies, outcomes, verdict, shadow)
            SELECT s.id, (SELECT coalesce(array_agg(p.id ORDER BY d.n), '{}') FROM unnest($2::text[]) WITH ORDINALITY d(digest, n) JOIN policy p ON p.digest = d.digest), $3, $4, $5
            FROM policy_set s WHERE s.digest = $1
            ON CONFLICT (set, policies, outcomes, verdict, shadow) DO UPDATE SET verdict = excluded.verdict RETURNING id
            """, cancellation, shape.Set, shape.Policies.ToArray(), shape.Outcomes.ToArray(), (short)shape.Verdict, (short)shape.ShadowVerdict);
}
