using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Chain.Silo.Applications.Storage;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>A line that a guest wrote.</summary>
/// <param name="Number">When, in microseconds since 1970; lines of one silo never share one.</param>
/// <param name="Silo">Which node it ran on.</param>
/// <param name="Component">Which component.</param>
/// <param name="Source"><c>stdout</c>, <c>stderr</c>, or a level of <c>wasi:logging</c>.</param>
/// <param name="Text">Without its line end.</param>
/// <param name="Trace">The chain in which it was written; empty for none.</param>
public sealed record LogLine(long Number, string Silo, string Component, string Source, string Text, string Trace)
{
    public DateTimeOffset At => DateTimeOffset.UnixEpoch.AddMicroseconds(Number);
}

/// <summary>Which lines of an application's log are wanted.</summary>
/// <param name="Most">At most this many, the last ones.</param>
/// <param name="Since">Not those before; null for all.</param>
/// <param name="Component">Of this component alone; null for all.</param>
/// <param name="Trace">Written in this chain; null for all.</param>
public sealed record LogFilter(int Most, DateTimeOffset? Since = null, string? Component = null, string? Trace = null)
{
    public bool Matches(LogLine line) => (Since is null || line.At >= Since) && (Component ?? line.Component) == line.Component && (Trace ?? line.Trace) == line.Trace;
}

/// <summary>What the guests of one application wrote: what the store keeps of it, and the lines to come. Safe for any thread.</summary>
/// <param name="application">Its name.</param>
/// <param name="keeper">Puts the lines in the store.</param>
public sealed class ApplicationLog(string application, LogKeeper keeper)
{
    /// <summary>Lines that can be asked for at once.</summary>
    public const int MostLines = 10_000;

    /// <summary>Characters of a line; the rest is cut.</summary>
    public const int LongestLine = 8 * 1024;

    // For when the store is away.
    private const int Remembered = 1000;

    private readonly Lock gate = new();
    private readonly Queue<LogLine> latest = new();
    private ImmutableArray<Channel<LogLine>> followers = [];

    public void Add(string component, string source, string text, string trace)
    {
        if (text.Length > LongestLine) text = text[..LongestLine] + "…";
        // Postgres has no text with it.
        if (text.Contains('\0')) text = text.Replace('\0', '\uFFFD');
        lock (gate)
        {
            var line = new LogLine(keeper.NextNumber(), keeper.Silo, component, source, text, trace);
            if (latest.Count == Remembered) latest.Dequeue();
            latest.Enqueue(line);
            keeper.Add(application, line);
            foreach (Channel<LogLine> follower in followers) follower.Writer.TryWrite(line);
        }
    }

    /// <summary>Lines of all nodes, oldest first; of this one since it started, where the store is away.</summary>
    public async Task<IReadOnlyList<LogLine>> ReadAsync(LogFilter filter, CancellationToken cancellation)
    {
        try
        {
            await keeper.FlushAsync(cancellation).ConfigureAwait(false);
            return await keeper.Store.ReadAsync(application, filter, cancellation).ConfigureAwait(false);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            lock (gate) return [.. latest.Where(filter.Matches).TakeLast(filter.Most)];
        }
    }

    /// <summary>The last lines of this node, and then those that are written here from now on; some are left out while the reader is too slow.</summary>
    public async IAsyncEnumerable<LogLine> FollowAsync(LogFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropOldest });
        long boundary;
        lock (gate)
        {
            boundary = keeper.NextNumber();
            followers = followers.Add(channel);
        }

        try
        {
            if (filter.Most > 0)
            {
                foreach (LogLine line in await ReadAsync(filter, cancellation).ConfigureAwait(false))
                    if (line.Number < boundary && line.Silo == keeper.Silo) yield return line;
            }

            await foreach (LogLine line in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
                if (filter.Matches(line)) yield return line;
        }
        finally
        {
            lock (gate) followers = followers.Remove(channel);
        }
    }
}
