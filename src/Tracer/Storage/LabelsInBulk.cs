using System.Globalization;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>
/// The store's ids for many tags, labels or pairs of labels with two statements, which add what is not there yet. Rows are added in one order, so that
/// processes that add the same ones wait for one another and never in a circle.
/// </summary>
internal static class LabelsInBulk
{
    /// <summary>Rows of <c>tag</c>.</summary>
    public static Dictionary<Tag, int> Tags(NpgsqlConnection connection, IReadOnlyCollection<Tag> tags)
    {
        short[] kinds = [.. tags.Select(static tag => (short)tag.Kind)];
        string[] names = [.. tags.Select(static tag => tag.Name)], values = [.. tags.Select(static tag => tag.Value)];
        var known = tags.ToDictionary(static tag => ((short)tag.Kind, tag.Name, tag.Value));
        return FindOrAdd(
            connection,
            """
            INSERT INTO tag (kind, name, value) SELECT k, n, v FROM unnest($1::smallint[], $2::text[], $3::text[]) AS new (k, n, v)
            WHERE NOT EXISTS (SELECT FROM tag WHERE kind = k AND name = n AND value = v) ORDER BY n, v, k ON CONFLICT DO NOTHING
            """,
            """
            SELECT t.id, t.kind, t.name, t.value FROM unnest($1::smallint[], $2::text[], $3::text[]) AS asked (k, n, v)
            JOIN tag t ON t.kind = k AND t.name = n AND t.value = v
            """,
            row => known[(row.GetInt16(1), row.GetString(2), row.GetString(3))],
            kinds, names, values);
    }

    /// <summary>Rows of <c>label</c>.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="labels">Each as the ids of its tags, ascending, in the form of <see cref="KeyOf"/>.</param>
    public static Dictionary<string, int> Labels(NpgsqlConnection connection, IReadOnlyCollection<string> labels) => FindOrAdd(
        connection,
        """
        INSERT INTO label (tags) SELECT new::int[] FROM unnest($1::text[]) new
        WHERE NOT EXISTS (SELECT FROM label WHERE tags = new::int[]) ORDER BY 1 ON CONFLICT DO NOTHING
        """,
        "SELECT l.id, asked FROM unnest($1::text[]) asked JOIN label l ON l.tags = asked::int[]",
        static row => row.GetString(1),
        labels.ToArray());

    /// <summary>Rows of <c>labels</c>.</summary>
    public static Dictionary<(int In, int Out), int> Pairs(NpgsqlConnection connection, IReadOnlyCollection<(int In, int Out)> pairs) => FindOrAdd(
        connection,
        """
        INSERT INTO labels (label_in, label_out) SELECT i, o FROM unnest($1::int[], $2::int[]) AS new (i, o)
        WHERE NOT EXISTS (SELECT FROM labels WHERE label_in = i AND label_out = o) ORDER BY i, o ON CONFLICT DO NOTHING
        """,
        "SELECT l.id, l.label_in, l.label_out FROM unnest($1::int[], $2::int[]) AS asked (i, o) JOIN labels l ON l.label_in = i AND l.label_out = o",
        static row => (row.GetInt32(1), row.GetInt32(2)),
        pairs.Select(static pair => pair.In).ToArray(), pairs.Select(static pair => pair.Out).ToArray());

    /// <summary>Postgres's text for the ids of a label's tags.</summary>
    public static string KeyOf(IEnumerable<int> tags) =>
        $"{{{string.Join(',', tags.Order().Select(static tag => tag.ToString(CultureInfo.InvariantCulture)))}}}";

    private static Dictionary<TKey, int> FindOrAdd<TKey>(
        NpgsqlConnection connection, string add, string find, Func<NpgsqlDataReader, TKey> key, params Array[] arguments)
        where TKey : notnull
    {
        using (NpgsqlCommand adding = Command(connection, add, arguments)) adding.ExecuteNonQuery();
        using NpgsqlCommand finding = Command(connection, find, arguments);
        using NpgsqlDataReader row = finding.ExecuteReader();
        var found = new Dictionary<TKey, int>();
        while (row.Read()) found[key(row)] = row.GetInt32(0);
        return found;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, Array[] arguments)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (Array argument in arguments) command.Parameters.Add(new NpgsqlParameter { Value = argument });
        return command;
    }
}
