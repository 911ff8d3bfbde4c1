using System.Threading.Channels;
using Chain.PolicyEngine.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>Stores decisions in batches, without making calls wait. Safe for any thread; one for each process.</summary>
internal sealed partial class DecisionLog : IAsyncDisposable
{
    private const int BatchSize = 1000;
    // A transaction for each handful would cost the store more than the calls themselves do.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly Channel<DecisionRecord> waiting = Channel.CreateBounded<DecisionRecord>(new BoundedChannelOptions(1 << 18) { SingleReader = true });
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim hurry = new(0);
    private readonly DecisionStore store;
    private readonly ILogger log;
    private readonly Task writing;
    private long dropped;
    private long pending;

    public DecisionLog(NpgsqlDataSource database, ILogger log)
    {
        store = new DecisionStore(database);
        this.log = log;
        writing = Task.Run(WriteAsync);
    }

    /// <summary>Decisions that are not stored, because too many were waiting for Postgres.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    public void Add(in DecisionRecord record)
    {
        if (waiting.Writer.TryWrite(record)) Interlocked.Increment(ref pending);
        else Interlocked.Increment(ref dropped);
    }

    /// <summary>Waits until all that was added before is stored.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        while (Interlocked.Read(ref pending) > 0)
        {
            if (hurry.CurrentCount == 0) hurry.Release();
            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        hurry.Release();
        // Postgres may be away; what cannot be stored within this time is lost, as it would be in a crash.
        stop.CancelAfter(TimeSpan.FromSeconds(5));
        await writing.ConfigureAwait(false);
        stop.Dispose();
        hurry.Dispose();
    }

    private async Task WriteAsync()
    {
        var batch = new List<DecisionRecord>(BatchSize);
        while (await waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            if (waiting.Reader.Count < BatchSize) await hurry.WaitAsync(Gathering).ConfigureAwait(false);
            while (batch.Count < BatchSize && waiting.Reader.TryRead(out DecisionRecord record)) batch.Add(record);
            if (!await TryStoreAsync(batch).ConfigureAwait(false)) Interlocked.Add(ref dropped, batch.Count);
            Interlocked.Add(ref pending, -batch.Count);
            batch.Clear();
        }
    }

    private async Task<bool> TryStoreAsync(List<DecisionRecord> batch)
    {
        while (true)
        {
            try
            {
                await store.WriteAsync(batch, stop.Token).ConfigureAwait(false);
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
            catch (NpgsqlException)
            {
                if (stop.IsCancellationRequested) return false;
                await Task.Delay(Retry).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} decisions were not stored: {Reason}")]
    private static partial void LogRefused(ILogger log, int count, string reason);
}
