using System.Threading.Channels;
using Chain.Silo.Applications.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// Puts what guests wrote in the store, in batches and without making them wait. Safe for any thread; one for each process. What is not stored yet is lost
/// with the process, and the oldest of it when guests write faster than Postgres stores.
/// </summary>
public sealed partial class LogKeeper : IAsyncDisposable
{
    private const int BatchSize = 1000;
    private const int MostWaiting = 8 * BatchSize;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(2);

    private readonly Channel<(string Application, LogLine Line)> waiting;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim hurry = new(0);
    private readonly ILogger log;
    private readonly Task writing;
    private long number;
    private long pending;
    private long dropped;

    /// <param name="database">The store.</param>
    /// <param name="node">Row of <c>node</c> in the store.</param>
    /// <param name="silo">The node's name.</param>
    /// <param name="log">Gets a line about what could not be kept.</param>
    internal LogKeeper(NpgsqlDataSource database, int node, string silo, ILogger log)
    {
        Store = new LogStore(database, node);
        Silo = silo;
        this.log = log;
        waiting = Channel.CreateBounded<(string, LogLine)>(
            new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest }, _ => Drop(1));
        writing = Task.Run(WriteAsync);
    }

    /// <summary>The node's name.</summary>
    public string Silo { get; }

    /// <summary>Lines that are not stored: too many were waiting for Postgres, or it would not have them.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    internal LogStore Store { get; }

    /// <summary>Now, in microseconds since 1970, but later than ever before.</summary>
    internal long NextNumber()
    {
        long now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        long last = Interlocked.Read(ref number);
        while (true)
        {
            long next = Math.Max(now, last + 1);
            long seen = Interlocked.CompareExchange(ref number, next, last);
            if (seen == last) return next;
            last = seen;
        }
    }

    internal void Add(string application, LogLine line)
    {
        Interlocked.Increment(ref pending);
        if (!waiting.Writer.TryWrite((application, line))) Drop(1);
    }

    /// <summary>Waits until all that was written before is stored, or was dropped.</summary>
    /// <exception cref="TimeoutException">The store does not have it within two seconds.</exception>
    internal async Task FlushAsync(CancellationToken cancellation)
    {
        long late = Environment.TickCount64 + (long)LastTry.TotalMilliseconds;
        while (Interlocked.Read(ref pending) > 0)
        {
            if (Environment.TickCount64 > late) throw new TimeoutException("the store does not take lines of logs");
            if (hurry.CurrentCount == 0) hurry.Release();
            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        hurry.Release();
        stop.CancelAfter(LastTry);
        await writing.ConfigureAwait(false);
        stop.Dispose();
        hurry.Dispose();
    }

    private void Drop(int lines)
    {
        Interlocked.Add(ref dropped, lines);
        Interlocked.Add(ref pending, -lines);
    }

    private async Task WriteAsync()
    {
        var batch = new List<(string Application, LogLine Line)>(BatchSize);
        while (await waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            if (waiting.Reader.Count < BatchSize) await hurry.WaitAsync(Gathering).ConfigureAwait(false);
            while (batch.Count < BatchSize && waiting.Reader.TryRead(out (string, LogLine) line)) batch.Add(line);
            if (await TryStoreAsync(batch).ConfigureAwait(false)) Interlocked.Add(ref pending, -batch.Count);
            else Drop(batch.Count);
            batch.Clear();
        }
    }

    private async Task<bool> TryStoreAsync(List<(string Application, LogLine Line)> batch)
    {
        while (true)
        {
            try
            {
                await Store.WriteAsync(batch, stop.Token).ConfigureAwait(false);
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
            catch (PostgresException refused) when (!refused.IsTransient)
            {
                LogRefused(log, batch.Count, refused.MessageText);
                return false;
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException)
            {
                if (stop.IsCancellationRequested) return false;
                await Task.Delay(Retry).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} lines of applications' logs were not stored: {Reason}")]
    private static partial void LogRefused(ILogger log, int count, string reason);
}
