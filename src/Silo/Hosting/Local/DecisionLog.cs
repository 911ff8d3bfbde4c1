using System.Threading.Channels;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Recording.Journals;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// Stores decisions in batches, without making calls wait. What is added is in a journal at once, as violations are, so that it survives the process
/// (<see cref="RecoverAsync"/>). Safe for any thread; one for each process.
/// </summary>
internal sealed partial class DecisionLog : IAsyncDisposable
{
    private const int BatchSize = 4000;
    // A transaction for each handful would cost the store more than the calls themselves do; what waits is in the journal.
    private const int Handful = 10;
    private const int MostGatherings = 4;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly Channel<Waiting> waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(1 << 18) { SingleReader = true });
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim hurry = new(0);
    private readonly FrameJournal journal;
    private readonly DecisionStore store;
    private readonly ILogger log;
    private readonly Task writing;
    private long dropped;
    private long deferred;
    private long pending;
    private long stored;
    private long recovered;

    /// <param name="database">The store.</param>
    /// <param name="journal">What survives the process; disposed of by whoever made it, after this.</param>
    /// <param name="log">Where it is said what the store refuses.</param>
    public DecisionLog(NpgsqlDataSource database, FrameJournal journal, ILogger log)
    {
        store = new DecisionStore(database);
        this.journal = journal;
        this.log = log;
        writing = Task.Run(WriteAsync);
    }

    /// <summary>Decisions that are lost: too many were waiting for Postgres and the journal had no room, or Postgres refused them.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Decisions that are in the journal only, for the next process: too many were waiting for Postgres, or it was away at the end.</summary>
    public long Deferred => Interlocked.Read(ref deferred);

    /// <summary>Decisions in the store.</summary>
    public long Stored => Interlocked.Read(ref stored);

    /// <summary>Decisions and violations that a process which was killed had left.</summary>
    public long Recovered => Interlocked.Read(ref recovered);

    public void Add(in DecisionRecord record)
    {
        FrameTicket ticket = DecisionFrames.Append(journal, record);
        if (waiting.Writer.TryWrite(new Waiting(record, ticket))) Interlocked.Increment(ref pending);
        else GiveUp(ticket);
    }

    /// <summary>Takes up what a process that was killed has left; it may be stored already.</summary>
    /// <param name="alerts">Who gets the violations; another one when it is disposed of.</param>
    /// <param name="cancellation">Leaves the rest to the next process.</param>
    public async Task RecoverAsync(Func<AlertPipeline> alerts, CancellationToken cancellation)
    {
        try
        {
            foreach (LeftFrame frame in journal.ReadLeft()) await RecoverAsync(frame, alerts, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(log, failure.Message);
        }
        catch (Exception end) when (end is OperationCanceledException or ChannelClosedException)
        {
            // The next process finds what is not kept.
        }
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
        // Postgres may be away; what cannot be stored within this time is left in the journal.
        stop.CancelAfter(TimeSpan.FromSeconds(5));
        await writing.ConfigureAwait(false);
        stop.Dispose();
        hurry.Dispose();
    }

    private async Task RecoverAsync(LeftFrame frame, Func<AlertPipeline> alerts, CancellationToken cancellation)
    {
        try
        {
            (DecisionRecord? decision, Violation? violation) = DecisionFrames.Read(frame.Payload);
            if (decision is { } record)
            {
                await waiting.Writer.WriteAsync(new Waiting(record, frame.Ticket), cancellation).ConfigureAwait(false);
                Interlocked.Increment(ref pending);
            }
            else
            {
                await RaiseAgainAsync(violation!, frame.Ticket, alerts, cancellation).ConfigureAwait(false);
            }

            Interlocked.Increment(ref recovered);
        }
        catch (InvalidDataException other)
        {
            // Its checksum is right, so another version of Chain wrote it, and no later start will read it either.
            Interlocked.Increment(ref dropped);
            frame.Ticket.Keep();
            LogUnreadable(log, other.Message);
        }
    }

    private static async Task RaiseAgainAsync(Violation violation, FrameTicket ticket, Func<AlertPipeline> alerts, CancellationToken cancellation)
    {
        while (true)
        {
            AlertPipeline current = alerts();
            try
            {
                await current.RaiseAgainAsync(violation, ticket, cancellation).ConfigureAwait(false);
                return;
            }
            catch (ChannelClosedException) when (!ReferenceEquals(current, alerts()))
            {
                // An application was deployed, with alerts of its own.
            }
        }
    }

    private async Task WriteAsync()
    {
        var batch = new List<Waiting>(BatchSize);
        var records = new List<DecisionRecord>(BatchSize);
        while (await waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await GatherAsync().ConfigureAwait(false);
            while (batch.Count < BatchSize && waiting.Reader.TryRead(out Waiting one))
            {
                batch.Add(one);
                records.Add(one.Record);
            }

            await StoreAsync(batch, records).ConfigureAwait(false);
            Interlocked.Add(ref pending, -batch.Count);
            batch.Clear();
            records.Clear();
        }
    }

    // For one interval, and on while many come in each.
    private async Task GatherAsync()
    {
        for (int i = 0, before = 0; i < MostGatherings; i++)
        {
            int count = waiting.Reader.Count;
            if (count >= BatchSize || (i > 0 && count - before < Handful)) return;
            before = count;
            if (await hurry.WaitAsync(Gathering).ConfigureAwait(false)) return;
        }
    }

    private async Task StoreAsync(List<Waiting> batch, List<DecisionRecord> records)
    {
        while (true)
        {
            try
            {
                int unknown = await store.WriteAsync(records, stop.Token).ConfigureAwait(false);
                if (unknown > 0) LogRefused(log, unknown, "the store does not know their policies: it is not the one in which they were active");
                Interlocked.Add(ref dropped, unknown);
                Interlocked.Add(ref stored, batch.Count - unknown);
                foreach (Waiting one in batch) one.Ticket.Keep();
                return;
            }
            catch (Exception end) when (end is OperationCanceledException || (end is NpgsqlException && stop.IsCancellationRequested))
            {
                foreach (Waiting one in batch) GiveUp(one.Ticket);
                return;
            }
            catch (PostgresException refused) when (!refused.IsTransient)
            {
                LogRefused(log, batch.Count, refused.MessageText);
                Interlocked.Add(ref dropped, batch.Count);
                foreach (Waiting one in batch) one.Ticket.Keep();
                return;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(Retry).ConfigureAwait(false);
            }
        }
    }

    private void GiveUp(FrameTicket ticket) => Interlocked.Increment(ref ticket.IsNone ? ref dropped : ref deferred);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} decisions were not stored: {Reason}")]
    private static partial void LogRefused(ILogger log, int count, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "of what an earlier process had decided, something does not read: {Reason}")]
    private static partial void LogUnreadable(ILogger log, string reason);

    private readonly record struct Waiting(DecisionRecord Record, FrameTicket Ticket);
}
