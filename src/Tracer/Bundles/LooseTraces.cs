using Npgsql;

namespace Chain.Tracer.Bundles;

/// <summary>Which traces must be read from <c>call</c> and <c>flow</c>, because no bundle has all of them. Immutable.</summary>
/// <remarks>Asked for before any bundle is: what is not loose then is in its bundle, or in a newer one.</remarks>
internal sealed class LooseTraces
{
    // With more than this, it is cheaper to do without bundles until upkeep has caught up.
    private const int Most = 20_000;

    private readonly HashSet<int> _slices = [];
    private readonly HashSet<long> _calls = [];

    private LooseTraces()
    {
    }

    /// <summary>Whether there are too many to name: then every trace may be loose.</summary>
    public bool IsAll { get; private init; }

    /// <summary>Minutes of which any trace may be loose.</summary>
    public IReadOnlyCollection<int> Slices => _slices;

    /// <summary>Others that are: by their key, or by a call.</summary>
    public IReadOnlyCollection<long> Calls => _calls;

    /// <summary>Whether the trace with this key is loose, unless one of its calls is in <see cref="Calls"/>.</summary>
    public bool Has(long trace) => IsAll || _slices.Contains(Slice.Of(trace)) || _calls.Contains(trace);

    /// <summary>Whether one of these calls makes its trace loose.</summary>
    public bool HasAny(ReadOnlySpan<BundledCall> calls)
    {
        if (_calls.Count == 0) return false;
        foreach (ref readonly BundledCall call in calls)
        {
            if (_calls.Contains(call.Id)) return true;
        }

        return false;
    }

    /// <summary>What to ask the store.</summary>
    public const string Sql = "SELECT DISTINCT slice, call FROM loose LIMIT 20001";

    public static async Task<LooseTraces> AskAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        return await ReadAsync(row, cancellation);
    }

    /// <summary>Reads the answer.</summary>
    public static async Task<LooseTraces> ReadAsync(NpgsqlDataReader row, CancellationToken cancellation)
    {
        var loose = new LooseTraces();
        int rows = 0;
        for (; await row.ReadAsync(cancellation); rows++)
        {
            if (row.IsDBNull(1)) loose._slices.Add(row.GetInt32(0));
            else loose._calls.Add(row.GetInt64(1));
        }

        return rows <= Most ? loose : new LooseTraces { IsAll = true };
    }
}
