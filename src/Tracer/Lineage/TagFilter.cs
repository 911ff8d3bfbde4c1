using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Which labels, and which pairs of a call's labels, have a tag.</summary>
/// <remarks>
/// A tag asked for without a value means every tag of that name, with any value or none; with a value, that value. Coarse tags in the store stand
/// for all they cover. Made anew for every question: labels come into being all the time.
/// </remarks>
internal sealed class TagFilter
{
    private readonly Dictionary<int, byte> _pairs;
    private readonly HashSet<int> _labels;

    private TagFilter(Tag tag, HashSet<int> labels, Dictionary<int, byte> pairs)
    {
        Tag = tag;
        _labels = labels;
        _pairs = pairs;
        Labels = [.. labels];
        Pairs = [.. pairs.Keys];
    }

    public Tag Tag { get; }

    /// <summary>Rows of <c>label</c> that have it.</summary>
    public int[] Labels { get; }

    /// <summary>Rows of <c>labels</c> of which either label has it.</summary>
    public int[] Pairs { get; }

    public bool Has(int label) => _labels.Contains(label);

    public bool Has(int pair, ValueSide side) => _pairs.TryGetValue(pair, out byte bits) && (bits & (side == ValueSide.In ? 1 : 2)) != 0;

    public static bool Matches(Tag asked, Tag found) =>
        asked.Kind == found.Kind && (found.Covers(asked) || (found.Name == asked.Name && asked.Value is "" or "*"));

    public static async Task<TagFilter> OpenAsync(NpgsqlConnection connection, Tag tag, CancellationToken cancellation)
    {
        // The conditions are those of Matches.
        const string Sql = """
            WITH t AS MATERIALIZED (
                SELECT array_agg(id) AS ids FROM tag
                WHERE kind = $1 AND (name = '*' OR (name = $2 AND ($3 IN ('', '*') OR value IN ($3, '*'))))),
            l AS MATERIALIZED (SELECT id FROM label, t WHERE tags && t.ids)
            SELECT 0, id, false, false FROM l
            UNION ALL
            SELECT 1, p.id, p.label_in IN (SELECT id FROM l), p.label_out IN (SELECT id FROM l) FROM labels p
            WHERE p.label_in IN (SELECT id FROM l) OR p.label_out IN (SELECT id FROM l)
            """;
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)tag.Kind });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tag.Name });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tag.Value });
        var (labels, pairs) = (new HashSet<int>(), new Dictionary<int, byte>());
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (row.GetInt32(0) == 0) labels.Add(row.GetInt32(1));
            else pairs.Add(row.GetInt32(1), (byte)((row.GetBoolean(2) ? 1 : 0) | (row.GetBoolean(3) ? 2 : 0)));
        }

        return new TagFilter(tag, labels, pairs);
    }
}
