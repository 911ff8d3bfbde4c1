using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>A row of <c>call</c> with its exact sizes.</summary>
internal readonly record struct CallRow(long Id, long Trace, long Parent, int Shape, int Labels, float Duration, long SizeIn, long SizeOut);

/// <summary>Reads whole rows of <c>call</c> and spells them out.</summary>
internal static class CallRows
{
    /// <summary>What to select from a partition of <c>call</c> that is named <c>c</c>.</summary>
    public const string Columns =
        "c.id, c.trace, c.parent, c.shape, c.labels, c.duration, " +
        "CASE WHEN c.size_in < 0 THEN (SELECT z.size_in FROM call_size z WHERE z.id = c.id) ELSE c.size_in END, " +
        "CASE WHEN c.size_out < 0 THEN (SELECT z.size_out FROM call_size z WHERE z.id = c.id) ELSE c.size_out END";

    public static CallRow Read(NpgsqlDataReader row)
    {
        long id = row.GetInt64(0);
        return new CallRow(
            id, row.IsDBNull(1) ? id : row.GetInt64(1), row.IsDBNull(2) ? 0 : row.GetInt64(2), row.GetInt32(3), row.GetInt32(4), row.GetFloat(5), Size(row, 6), Size(row, 7));
    }

    public static async Task EnsureNamesAsync(NpgsqlConnection connection, NameCatalog names, IReadOnlyList<CallRow> rows, CancellationToken cancellation)
    {
        HashSet<int>? shapes = null, pairs = null;
        for (int i = 0; i < rows.Count; i++)
        {
            if (!names.HasShape(rows[i].Shape)) (shapes ??= []).Add(rows[i].Shape);
            if (!names.HasPair(rows[i].Labels)) (pairs ??= []).Add(rows[i].Labels);
        }

        if (shapes is not null) await names.EnsureShapesAsync(connection, shapes, cancellation);
        if (pairs is not null) await names.EnsurePairsAsync(connection, pairs, cancellation);
    }

    /// <summary>Only after <see cref="EnsureNamesAsync"/>.</summary>
    public static CallInfo Info(NameCatalog names, in CallRow row)
    {
        (int labelIn, int labelOut) = names.Pair(row.Labels);
        return new CallInfo(new CallId(row.Id), row.Trace, new CallId(row.Parent), row.Duration, names.Shape(row.Shape), names.Label(labelIn), names.Label(labelOut))
        {
            SizeIn = row.SizeIn,
            SizeOut = row.SizeOut,
        };
    }

    // A size of 32 KiB or more whose exact number was lost with a day that retention dropped.
    private static long Size(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? -1 : row.GetInt64(column);
}
