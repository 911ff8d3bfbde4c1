using System.Threading.Channels;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Recording.Journals;
using Npgsql;

namespace Chain.PolicyEngine.Alerts;

/// <summary>
/// From a violation to a notice: takes violations from calls without making them wait, stores them, makes the notices
/// that are due, and sends what is in the outbox, whoever put it there.
/// </summary>
/// <remarks>
/// Thread-safe. One for each process; any number of processes may share a database. A notice is sent at least once: a
/// process that dies between a receiver's answer and writing it down sends the notice again under the same id.
/// </remarks>
public sealed class AlertPipeline : IAsyncDisposable
{
    private const int BatchSize = 500;
    private const int LeaseSize = 32;
    private const int MaxSending = 128;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StoreRetry = TimeSpan.FromMilliseconds(250);

    private readonly AlertOptions _options;
    private readonly AlertStore _store;
    private readonly TimeProvider _time;
    private readonly Channel<Waiting> _waiting;
    private readonly TaskCompletionSource _tells = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _work = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, IAlertReceiver> _receivers;
    private readonly Task _storing;
    private readonly Task _telling;
    private long _dropped;
    private long _deferred;
    private long _failures;

    /// <summary>Starts.</summary>
    /// <param name="database">The store, migrated.</param>
    /// <param name="options">How violations become notices, and who is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tells">Whether it makes and sends notices at once; where not, once it was told to (<see cref="Tell"/>).</param>
    public AlertPipeline(NpgsqlDataSource database, AlertOptions options, TimeProvider? time = null, bool tells = true)
    {
        _options = options;
        _store = new AlertStore(database, options);
        _time = time ?? TimeProvider.System;
        _receivers = options.Receivers.ToDictionary(r => r.Name);
        _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(options.QueueLength) { SingleReader = true });
        if (tells) Tell();
        _storing = Task.Run(StoreAsync);
        _telling = Task.Run(TellAsync);
    }

    /// <summary>Violations that are lost: too many were waiting for Postgres and no journal has them, or Postgres will never take them.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Violations that were left in the journal for the next process, because too many were waiting for Postgres or it was away at the end.</summary>
    public long Deferred => Interlocked.Read(ref _deferred);

    /// <summary>How often Postgres could not be reached.</summary>
    public long StoreFailures => Interlocked.Read(ref _failures);

    /// <summary>The last failure of the store, for status pages; null where the last attempt went well.</summary>
    public string? LastError { get; private set; }

    /// <summary>Raises what a decision objects to; returns at once.</summary>
    public void Raise(Decision decision, in CallFacts facts)
    {
        if (!decision.IsViolation) return;
        foreach (Violation violation in Violation.Of(decision, facts, _time.GetUtcNow())) Raise(violation);
    }

    /// <summary>Raises a violation; returns at once.</summary>
    /// <param name="violation">The violation.</param>
    /// <param name="ticket">Its frame in a journal, which is told when the violation is stored.</param>
    public void Raise(Violation violation, FrameTicket ticket = default)
    {
        if (!TryRaise(violation, ticket)) GiveUp(ticket);
    }

    /// <summary>As <see cref="Raise(Violation, FrameTicket)"/>, but where too many wait or the pipeline was disposed of it is false, and nothing is counted.</summary>
    public bool TryRaise(Violation violation, FrameTicket ticket = default) => _waiting.Writer.TryWrite(new Waiting(violation, ticket, false));

    /// <summary>Raises a violation that a process before this one raised, and may have stored. Waits while too many wait.</summary>
    /// <exception cref="ChannelClosedException">The pipeline was disposed of.</exception>
    public ValueTask RaiseAgainAsync(Violation violation, FrameTicket ticket, CancellationToken cancellation = default) =>
        _waiting.Writer.WriteAsync(new Waiting(violation, ticket, true), cancellation);

    /// <summary>Makes and sends notices from now on.</summary>
    public void Tell() => _tells.TrySetResult();

    /// <summary>Stores what is waiting, ends the sending in hand and stops. What is in the outbox stays there.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        // Postgres may be away; what cannot be stored within this time is lost, as it would be in a crash, but for what a journal has.
        _stop.CancelAfter(TimeSpan.FromSeconds(5));
        await _storing;
        await _stop.CancelAsync();
        Tell();
        await _telling;
        _stop.Dispose();
        _work.Dispose();
    }

    private void GiveUp(FrameTicket ticket) => Interlocked.Increment(ref ticket.IsNone ? ref _dropped : ref _deferred);

    private async Task StoreAsync()
    {
        var batch = new List<Waiting>(BatchSize);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (batch.Count < BatchSize && _waiting.Reader.TryRead(out Waiting one)) batch.Add(one);
            bool again = batch.Exists(static one => one.Again);
            while (!await TryStoreAsync(batch, again))
            {
                // It may be stored, and only the answer lost.
                again = true;
                if (_stop.IsCancellationRequested)
                {
                    foreach (Waiting one in batch) GiveUp(one.Ticket);
                    while (_waiting.Reader.TryRead(out Waiting one)) GiveUp(one.Ticket);
                    return;
                }

                await Task.Delay(StoreRetry, _time);
            }

            foreach (Waiting one in batch) one.Ticket.Keep();
            batch.Clear();
            Wake();
        }
    }

    private async Task<bool> TryStoreAsync(List<Waiting> batch, bool again)
    {
        try
        {
            await _store.StoreAsync([.. batch.Select(static one => one.Violation)], again, _stop.Token);
            LastError = null;
            return true;
        }
        catch (PostgresException e) when (IsRefusal(e) && batch.Count > 1)
        {
            // So that one which is refused costs no other.
            foreach (Waiting one in batch)
            {
                if (!await TryStoreAsync([one], again: true)) return false;
            }

            return true;
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            Interlocked.Increment(ref _dropped);
            LastError = e.Message;
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or OperationCanceledException)
        {
            Interlocked.Increment(ref _failures);
            LastError = e.Message;
            return false;
        }
    }

    // What is in the batch is at fault (data exception, constraint, program limit), so that sending it again cannot help.
    private static bool IsRefusal(PostgresException e) => e.SqlState[..2] is "22" or "23" or "54";

    private async Task TellAsync()
    {
        await _tells.Task;
        var sending = new HashSet<Task>();
        await TellAsync(sending);
        await Task.WhenAll(sending);
    }

    private async Task TellAsync(HashSet<Task> sending)
    {
        while (!_stop.IsCancellationRequested)
        {
            TimeSpan sleep = LongestSleep;
            try
            {
                // Most of the time there is nothing to do, and one question says so.
                DateTimeOffset? work = await _store.NextWorkAsync(_stop.Token);
                if (work <= _time.GetUtcNow())
                {
                    await _store.MakeNoticesAsync(_time.GetUtcNow(), _stop.Token);
                    sending.RemoveWhere(t => t.IsCompleted);
                    // A slow receiver holds up its own notices only, until this many are on their way.
                    IReadOnlyList<LeasedNotice> leased = sending.Count >= MaxSending ? [] : await _store.LeaseAsync(_time.GetUtcNow(), LeaseSize, _stop.Token);
                    foreach (LeasedNotice notice in leased) sending.Add(SendAsync(notice));
                    if (leased.Count > 0) continue;
                    work = await _store.NextWorkAsync(_stop.Token);
                }

                if (work is { } next)
                {
                    // Below a millisecond a sleep would end too early and the loop would spin.
                    double wait = Math.Clamp((next - _time.GetUtcNow()).TotalMilliseconds + 1, 1, LongestSleep.TotalMilliseconds);
                    sleep = TimeSpan.FromMilliseconds(wait);
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                Interlocked.Increment(ref _failures);
                LastError = e.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await SleepAsync(sleep);
        }
    }

    private async Task SendAsync(LeasedNotice leased)
    {
        try
        {
            if (await TrySendAsync(leased) is not string error)
            {
                await _store.DeliveredAsync(leased.Id, _time.GetUtcNow(), CancellationToken.None);
                return;
            }

            DateTimeOffset now = _time.GetUtcNow();
            bool giveUp = now - leased.Made > _options.GiveUpAfter;
            await _store.FailedAsync(leased.Id, error, now, giveUp ? null : now + Wait(leased.Attempt), CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            // The lease runs out and the notice is taken again.
            Interlocked.Increment(ref _failures);
            LastError = e.Message;
        }
    }

    /// <summary>Null when the receiver has it, else why not.</summary>
    private async Task<string?> TrySendAsync(LeasedNotice leased)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(_options.SendTimeout);
        try
        {
            await _receivers[leased.Receiver].SendAsync(leased.Notice, limit.Token);
            return null;
        }
        catch (Exception e) when (e is AlertDeliveryException or OperationCanceledException or IOException)
        {
            return e.Message;
        }
    }

    /// <summary>Doubling from the first retry up to the longest, with a tenth of chance so that many notices do not come back at one moment.</summary>
    private TimeSpan Wait(int attempt)
    {
        double factor = Math.Pow(2, Math.Min(attempt - 1, 30)) * (0.95 + (Random.Shared.NextDouble() * 0.1));
        return TimeSpan.FromMilliseconds(Math.Min(_options.FirstRetry.TotalMilliseconds * factor, _options.MaxRetry.TotalMilliseconds));
    }

    private void Wake()
    {
        try
        {
            if (_work.CurrentCount == 0) _work.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody woke it already, or it is over.
        }
    }

    private async Task SleepAsync(TimeSpan sleep)
    {
        try
        {
            await _work.WaitAsync(sleep, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop ends.
        }
    }

    private readonly record struct Waiting(Violation Violation, FrameTicket Ticket, bool Again);
}
