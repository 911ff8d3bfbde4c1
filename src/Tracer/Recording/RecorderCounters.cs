using System.Text.Json.Serialization;

namespace Chain.Tracer.Recording;

/// <summary>What became of the records of one process. Every number only grows, except those that say what waits.</summary>
/// <remarks>Safe to read at any time; the numbers are not of one instant.</remarks>
public sealed class RecorderCounters
{
    private long _calls, _flows, _spooledCalls, _spooledFlows, _replayed, _duplicates, _lostCalls, _lostFlows, _lostInMemory, _rejected,
        _damaged, _blocked, _batches, _failures, _recovered, _damagedRecords;

    internal RecorderCounters(Func<(long Calls, long Flows)> recorded, Spool spool, CallClock clock)
    {
        Recorded = recorded;
        SpoolOf = spool;
        Clock = clock;
    }

    /// <summary>Calls that ended.</summary>
    public long RecordedCalls => Recorded().Calls + Interlocked.Read(ref _lostInMemory);

    /// <summary>Flows that were recorded.</summary>
    public long RecordedFlows => Recorded().Flows;

    /// <summary>Calls of this process that were committed to the store straight away.</summary>
    public long StoredCalls => Interlocked.Read(ref _calls);

    /// <summary>Flows of this process that were committed to the store straight away.</summary>
    public long StoredFlows => Interlocked.Read(ref _flows);

    /// <summary>Calls of this process that went to the spool.</summary>
    public long SpooledCalls => Interlocked.Read(ref _spooledCalls);

    /// <summary>Flows of this process that went to the spool.</summary>
    public long SpooledFlows => Interlocked.Read(ref _spooledFlows);

    /// <summary>Calls and flows that came from the spool into the store; they may be of an earlier process.</summary>
    public long Replayed => Interlocked.Read(ref _replayed);

    /// <summary>Calls and flows that the store had already.</summary>
    public long Duplicates => Interlocked.Read(ref _duplicates);

    /// <summary>Calls that are lost: there was no room in memory (<see cref="Backpressure.Lose"/>) or in the spool.</summary>
    public long LostCalls => Interlocked.Read(ref _lostCalls);

    /// <summary>Flows that are lost for the same reasons.</summary>
    public long LostFlows => Interlocked.Read(ref _lostFlows);

    /// <summary>Calls and flows that the store will never take, put aside as <c>.damaged</c>.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Spooled batches that did not read, put aside as <c>.damaged</c>.</summary>
    public long DamagedBatches => Interlocked.Read(ref _damaged);

    /// <summary>Calls and flows that a killed process had left in its buffers, and that went to the spool when this one started.</summary>
    public long Recovered => Interlocked.Read(ref _recovered);

    /// <summary>Records, and names of records, in the buffers of a killed process that did not read; the files are kept aside as <c>.damaged</c>.</summary>
    public long DamagedRecords => Interlocked.Read(ref _damagedRecords);

    /// <summary>How often somebody waited for room (<see cref="Backpressure.Block"/>).</summary>
    public long Blocked => Interlocked.Read(ref _blocked);

    /// <summary>Batches handed over.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Attempts to reach the store, or to store a batch, that failed.</summary>
    public long StoreFailures => Interlocked.Read(ref _failures);

    /// <summary>Bytes that wait in the spool.</summary>
    public long SpoolBytes => SpoolOf.Bytes;

    /// <summary>Calls that wait in the spool.</summary>
    public long WaitingCalls => SpoolOf.Calls;

    /// <summary>Steps of the wall clock that were seen.</summary>
    public long ClockJumps => Clock.Jumps;

    /// <summary>How far the time in call ids is ahead of the wall clock, in microseconds.</summary>
    public long ClockSkew => Clock.Skew;

    private Func<(long Calls, long Flows)> Recorded { get; }

    private Spool SpoolOf { get; }

    private CallClock Clock { get; }

    /// <summary>Everything that only grows, to be added to what earlier processes of the node counted.</summary>
    public CounterTotals Totals() => new(RecordedCalls, RecordedFlows, StoredCalls, StoredFlows, SpooledCalls, SpooledFlows, Replayed,
        Duplicates, LostCalls, LostFlows, Rejected, DamagedBatches, Blocked, ClockJumps, Recovered, DamagedRecords);

    internal void Store(int calls, int flows, int duplicates)
    {
        Interlocked.Add(ref _calls, calls);
        Interlocked.Add(ref _flows, flows);
        Interlocked.Add(ref _duplicates, duplicates);
    }

    internal void Replay(int records, int duplicates)
    {
        Interlocked.Add(ref _replayed, records);
        Interlocked.Add(ref _duplicates, duplicates);
    }

    internal void Spool(int calls, int flows)
    {
        Interlocked.Add(ref _spooledCalls, calls);
        Interlocked.Add(ref _spooledFlows, flows);
    }

    internal void Lose(int calls, int flows)
    {
        Interlocked.Add(ref _lostCalls, calls);
        Interlocked.Add(ref _lostFlows, flows);
    }

    internal void LoseInMemory(bool call)
    {
        if (call) Interlocked.Increment(ref _lostInMemory);
        Interlocked.Increment(ref call ? ref _lostCalls : ref _lostFlows);
    }

    internal void Recover(int records, int damaged)
    {
        Interlocked.Add(ref _recovered, records);
        Interlocked.Add(ref _damagedRecords, damaged);
    }

    internal void Reject(int records) => Interlocked.Add(ref _rejected, records);

    internal void SetDamaged(long frames) => Interlocked.Exchange(ref _damaged, frames);

    internal void CountBlocked() => Interlocked.Increment(ref _blocked);

    internal void CountBatch() => Interlocked.Increment(ref _batches);

    internal void CountFailure() => Interlocked.Increment(ref _failures);
}

/// <summary>
/// The counters of a node over all its processes, as they stand in the store. The meanings are those of <see cref="RecorderCounters"/>.
/// </summary>
public sealed record CounterTotals(
    long RecordedCalls, long RecordedFlows, long StoredCalls, long StoredFlows, long SpooledCalls, long SpooledFlows, long Replayed,
        long Duplicates,
    long LostCalls, long LostFlows, long Rejected, long DamagedBatches, long Blocked, long ClockJumps,
    long Recovered = 0, long DamagedRecords = 0)
{
    /// <summary>Both together.</summary>
    public static CounterTotals operator +(CounterTotals a, CounterTotals b) => new(
        a.RecordedCalls + b.RecordedCalls, a.RecordedFlows + b.RecordedFlows, a.StoredCalls + b.StoredCalls, a.StoredFlows + b.StoredFlows,
        a.SpooledCalls + b.SpooledCalls, a.SpooledFlows + b.SpooledFlows, a.Replayed + b.Replayed, a.Duplicates + b.Duplicates,
        a.LostCalls + b.LostCalls, a.LostFlows + b.LostFlows, a.Rejected + b.Rejected, a.DamagedBatches + b.DamagedBatches, a.Blocked
            + b.Blocked, a.ClockJumps + b.ClockJumps,
        a.Recovered + b.Recovered, a.DamagedRecords + b.DamagedRecords);
}

[JsonSerializable(typeof(CounterTotals))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class CounterJson : JsonSerializerContext;
