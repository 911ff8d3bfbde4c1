using Chain.Tracer.Bundles;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Which calls are meant; everything that is null is not asked for.</summary>
public sealed record CallFilter
{
    /// <summary>Started at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Started before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Of a component of this name, with or without its application (<c>clinic/mailer</c>, <c>mailer</c>).</summary>
    public string? Component { get; init; }

    /// <summary>Of a function of this name, with or without its interface (<c>clinic:mail/out#send</c>, <c>send</c>).</summary>
    public string? Function { get; init; }

    /// <summary>With this tag in what they received or gave; a tag without a value stands for any value.</summary>
    public Tag? Tag { get; init; }

    /// <summary>Ended so.</summary>
    public CallOutcome? Outcome { get; init; }

    /// <summary>Lasted at least so long.</summary>
    public TimeSpan? MinDuration { get; init; }

    /// <summary>Whether there is nothing to look at in a call but its time.</summary>
    internal bool IsOpen => Component is null && Function is null && Tag is null && Outcome is null && MinDuration is null;
}

/// <summary>A <see cref="CallFilter"/> in the terms of the store. For one thread.</summary>
internal sealed class StoreFilter
{
    private readonly int[]? _shapes;
    private readonly int[]? _pairs;
    private readonly HashSet<int>? _shapeSet;
    private readonly HashSet<int>? _pairSet;
    private readonly float _minDuration;

    private StoreFilter(CallFilter filter, int[]? shapes, int[]? pairs, TagFilter? tag)
    {
        (_shapes, _pairs, Tag) = (shapes, pairs, tag);
        (_shapeSet, _pairSet) = (shapes?.ToHashSet(), pairs?.ToHashSet());
        _minDuration = (float)(filter.MinDuration?.TotalMicroseconds ?? -1);
        From = filter.Since is { } since ? CallId.At(since).Value : 0;
        To = filter.Until is { } until ? CallId.At(until).Value : long.MaxValue;
    }

    public TagFilter? Tag { get; }

    /// <summary>The first id that qualifies.</summary>
    public long From { get; }

    /// <summary>The first id that does not qualify any more.</summary>
    public long To { get; }

    /// <summary>Whether no call can qualify, so that there is no need to look.</summary>
    public bool IsEmpty => _shapes is { Length: 0 } || _pairs is { Length: 0 } || From >= To;

    /// <param name="connection">To the store.</param>
    /// <param name="filter">What is asked for.</param>
    /// <param name="side">On which side the tag must be; null for either.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<StoreFilter> OpenAsync(NpgsqlConnection connection, CallFilter filter, ValueSide? side, CancellationToken cancellation)
    {
        int[]? shapes = null;
        if (filter.Component is not null || filter.Function is not null || filter.Outcome is not null) shapes = await ShapesAsync(connection, filter, cancellation);
        TagFilter? tag = filter.Tag is null ? null : await TagFilter.OpenAsync(connection, filter.Tag.Value, cancellation);
        int[]? pairs = side is { } one ? tag?.Pairs.Where(pair => tag.Has(pair, one)).ToArray() : tag?.Pairs;
        return new StoreFilter(filter, shapes, pairs, tag);
    }

    public bool MayHold(CallDayRange day) => day.Next > From && day.First < To;

    /// <summary>The condition on a partition named <c>c</c>; <see cref="AddTo"/> adds its parameters, $1 to $5.</summary>
    public string Condition =>
        "c.id >= $1 AND c.id < $2 AND ($3::int[] IS NULL OR c.shape = ANY ($3)) AND ($4::int[] IS NULL OR c.labels = ANY ($4)) AND c.duration >= $5";

    /// <summary>The same for a call of a bundle, but for its time.</summary>
    public bool Passes(in BundledCall call) =>
        (_pairSet is null || _pairSet.Contains(call.Labels)) && (_shapeSet is null || _shapeSet.Contains(call.Shape)) && call.Duration >= _minDuration;

    public void AddTo(NpgsqlCommand command) => AddTo(command, From, To);

    /// <summary>The same with a narrower time.</summary>
    public void AddTo(NpgsqlCommand command, long from, long to)
    {
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
        foreach (int[]? ids in (int[]?[])[_shapes, _pairs])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)ids ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Integer });
        }

        command.Parameters.Add(new NpgsqlParameter<float> { TypedValue = _minDuration });
    }

    private static async Task<int[]> ShapesAsync(NpgsqlConnection connection, CallFilter filter, CancellationToken cancellation)
    {
        const string Sql = """
            SELECT s.id FROM shape s JOIN component b ON b.id = s.callee JOIN function f ON f.id = s.function
            WHERE ($1 IS NULL OR b.name = $1 OR right(b.name, length($1) + 1) = '/' || $1)
            AND ($2 IS NULL OR f.name = $2 OR right(f.name, length($2) + 1) = '#' || $2)
            AND ($3 IS NULL OR s.outcome = $3)
            """;
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.Component ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.Function ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = filter.Outcome is { } outcome ? (short)outcome : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Smallint });
        var shapes = new List<int>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) shapes.Add(row.GetInt32(0));
        return [.. shapes];
    }
}
