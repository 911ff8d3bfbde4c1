using Chain.Tracer.Bundles;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>A part of a time window, within one day.</summary>
/// <param name="Day">The day.</param>
/// <param name="From">The first id.</param>
/// <param name="To">The first id that is not in it any more.</param>
/// <param name="IsBundled">Whether bundles have all of its calls, but those of the traces that the plan names; else they are read from <c>call</c>.</param>
internal readonly record struct WindowPart(CallDayRange Day, long From, long To, bool IsBundled);

/// <summary>How to read the calls of a time window in the order of their ids. Immutable.</summary>
/// <param name="Parts">The window, in order.</param>
/// <param name="Loose">Keys of traces that are to be read from <c>call</c> where bundles are read; among them may be ids that are no keys.</param>
internal sealed record WindowPlan(IReadOnlyList<WindowPart> Parts, long[] Loose)
{
    // In a wider window a rare label is found sooner by the index on labels.
    private static readonly TimeSpan Widest = TimeSpan.FromHours(3);

    // More than these are not worth a look-up each.
    private const int FewLoose = 64;

    public static async Task<WindowPlan> MakeAsync(NpgsqlConnection connection, CallDayRange[] days, long from, long to, CancellationToken cancellation)
    {
        var parts = new List<WindowPart>();
        long[] named = [];
        bool narrow = (to >> Calls.CallId.LaneBits) - (from >> Calls.CallId.LaneBits) <= Widest.TotalMicroseconds;
        LooseTraces? loose = narrow ? await LooseTraces.AskAsync(connection, cancellation) : null;
        long open = loose is null || loose.IsAll ? from : loose.Slices.Count == 0 ? to : Math.Min(to, Slice.FirstId(loose.Slices.Min()) - Slice.Skew);
        if (loose is not null && open > from)
        {
            if (loose.Calls.Count <= FewLoose) named = [.. loose.Calls];
            else open = Math.Min(open, loose.Calls.Min() - Slice.Skew);
        }

        HashSet<int> strays = open > from ? await StraysAsync(connection, from, open, cancellation) : [];
        foreach (CallDayRange day in days)
        {
            long next = Math.Max(from, day.First), end = Math.Min(to, day.Next);
            while (next < end)
            {
                // Foreign traces have no bundles.
                bool bundled = IsBundled(next) && !day.HasForeign;
                long start = next;
                do next = next >= open || day.HasForeign ? end : Math.Min(Math.Min(end, open), Slice.FirstId(Slice.Of(next) + 1));
                while (next < end && IsBundled(next) == bundled);
                parts.Add(new WindowPart(day, start, next, bundled));
            }
        }

        return new WindowPlan(parts, named);

        bool IsBundled(long id) => id < open && !strays.Contains(Slice.Of(id));
    }

    private static async Task<HashSet<int>> StraysAsync(NpgsqlConnection connection, long from, long to, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT slice FROM stray WHERE slice BETWEEN $1 AND $2", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Slice.Of(from) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Slice.Of(to) });
        var strays = new HashSet<int>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) strays.Add(row.GetInt32(0));
        return strays;
    }
}
