using Chain.Tracer.Bundles;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>The calls of whole traces, as far as they are bundled. For one question at a time.</summary>
internal sealed class TraceBundles(NpgsqlConnection connection, CallDayRange[] days)
{
    private LooseTraces? _loose;

    /// <summary>Reads a trace, the beginning of it when it has more than so many calls; nothing when it is not bundled.</summary>
    public async Task ReadAsync(long key, int most, List<CallRow> rows, CancellationToken cancellation)
    {
        if (await DayAsync(key, cancellation) is not { } day) return;
        await using var command = new NpgsqlCommand($"SELECT {BundleRows.Columns} FROM bundle_{day.Suffix} WHERE trace = $1 ORDER BY trace, part LIMIT {(most / Bundler.PartCalls) + 2}", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        var bundle = new BundleRows();
        await using (NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                bundle.Decode(row, withFlows: false);
                foreach (ref readonly BundledCall call in bundle.Decoder.Calls)
                {
                    rows.Add(new CallRow(call.Id, key, call.Parent, call.Shape, call.Labels, call.Duration, call.SizeIn, call.SizeOut));
                }
            }
        }

        if (rows.Count <= most) await CallSizes.FillAsync(connection, rows, cancellation);
    }

    /// <summary>How many calls a trace has; null when it is not bundled.</summary>
    public async Task<long?> CountAsync(long key, CancellationToken cancellation)
    {
        if (await DayAsync(key, cancellation) is not { } day) return null;
        await using var command = new NpgsqlCommand($"SELECT sum(calls) FROM bundle_{day.Suffix} WHERE trace = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        return await command.ExecuteScalarAsync(cancellation) as long?;
    }

    private async Task<CallDayRange?> DayAsync(long key, CancellationToken cancellation)
    {
        if (key <= 0 || CallDays.Find(days, key) is not { } day) return null;
        _loose ??= await LooseTraces.AskAsync(connection, cancellation);
        return _loose.Has(key) ? null : day;
    }
}
