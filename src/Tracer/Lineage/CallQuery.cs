using System.Runtime.CompilerServices;
using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Single calls, and calls by what they carried: the label of what a call received and gave is kept with it, so no walk is needed.</summary>
public sealed class CallQuery(StoreReader store)
{
    private const int Chunk = 1_000;

    /// <summary>A call by its id; null when it is not in the store.</summary>
    public async Task<CallInfo?> FindAsync(CallId id, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        CallDayRange? day = CallDays.Find(await store.Days.GetAsync(connection, cancellation), id.Value);
        if (day is null) return null;
        CallRow found;
        await using (var command = new NpgsqlCommand($"SELECT {CallRows.Columns} FROM call_{day.Suffix} c WHERE c.id = $1", connection))
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id.Value });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            if (!await row.ReadAsync(cancellation)) return null;
            found = CallRows.Read(row);
        }

        await CallRows.EnsureNamesAsync(connection, store.Names, [found], cancellation);
        return CallRows.Info(store.Names, found);
    }

    /// <summary>The calls that the filter lets through, by start; read as they are asked for.</summary>
    public async IAsyncEnumerable<CallInfo> CallsAsync(CallFilter filter, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        // The first is busy with rows while the second asks for names.
        await using NpgsqlConnection naming = await store.OpenAsync(cancellation);
        StoreFilter asked = await StoreFilter.OpenAsync(connection, filter, null, cancellation);
        if (asked.IsEmpty) yield break;
        CallDayRange[] days = await store.Days.GetAsync(connection, cancellation);
        WindowPlan plan = await WindowPlan.MakeAsync(connection, days, asked.From, asked.To, cancellation);
        var bundled = new BundledWindow(connection, asked, plan.Loose);
        foreach (WindowPart part in plan.Parts)
        {
            await foreach (List<CallRow> rows in part.IsBundled ? bundled.ReadAsync(part, cancellation) : RowsAsync(connection, asked, part, cancellation))
            {
                await CallSizes.FillAsync(naming, rows, cancellation);
                await CallRows.EnsureNamesAsync(naming, store.Names, rows, cancellation);
                foreach (CallRow found in rows) yield return CallRows.Info(store.Names, found);
            }
        }
    }

    private static async IAsyncEnumerable<List<CallRow>> RowsAsync(
        NpgsqlConnection connection, StoreFilter asked, WindowPart part, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT {CallRows.Columns} FROM call_{part.Day.Suffix} c WHERE {asked.Condition} ORDER BY c.id", connection);
        asked.AddTo(command, part.From, part.To);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<CallRow>(Chunk);
        for (bool more = true; more;)
        {
            rows.Clear();
            // Synchronously: a row is nearly always in the buffer already.
            while (rows.Count < Chunk && (more = row.Read())) rows.Add(CallRows.Read(row));
            cancellation.ThrowIfCancellationRequested();
            yield return rows;
        }
    }

    /// <summary>The newest call that the filter lets through and that has the filter's tag on this side; null when there is none.</summary>
    public async Task<CallId?> NewestAsync(CallFilter filter, ValueSide side, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        StoreFilter asked = await StoreFilter.OpenAsync(connection, filter, side, cancellation);
        if (asked.IsEmpty) return null;
        foreach (CallDayRange day in (await store.Days.GetAsync(connection, cancellation)).Reverse())
        {
            if (!asked.MayHold(day)) continue;
            await using var command = new NpgsqlCommand($"SELECT c.id FROM call_{day.Suffix} c WHERE {asked.Condition} ORDER BY c.id DESC LIMIT 1", connection);
            asked.AddTo(command);
            if (await command.ExecuteScalarAsync(cancellation) is long id) return new CallId(id);
        }

        return null;
    }

    /// <summary>The names of all components that were called.</summary>
    public async Task<IReadOnlyList<string>> ComponentsAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand("SELECT DISTINCT name FROM component ORDER BY name LIMIT 10000", connection);
        var names = new List<string>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) names.Add(row.GetString(0));
        return names;
    }
}
