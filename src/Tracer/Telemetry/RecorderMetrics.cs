using System.Diagnostics.Metrics;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Telemetry;

/// <summary>
/// A recorder's counters as OpenTelemetry metrics of the meter <c>Chain.Tracer</c>; any listener or exporter picks them up.
/// </summary>
public sealed class RecorderMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Chain.Tracer";

    private readonly Meter _meter = new(MeterName);

    /// <summary>Starts to report.</summary>
    /// <param name="counters">The recorder's.</param>
    /// <param name="labels">For how many labels there are; null to leave that out.</param>
    /// <param name="propagator">For malformed headers; null to leave that out.</param>
    public RecorderMetrics(RecorderCounters counters, LabelStore? labels = null, Propagator? propagator = null)
    {
        Count("chain.calls.recorded", "{call}", "Calls that ended.", () => counters.RecordedCalls);
        Count("chain.calls.stored", "{call}", "Calls committed to the store without a detour.", () => counters.StoredCalls);
        Count("chain.calls.spooled", "{call}", "Calls that went to the spool.", () => counters.SpooledCalls);
        Count("chain.calls.lost", "{call}", "Calls for which there was no room.", () => counters.LostCalls);
        Count("chain.flows.recorded", "{flow}", "Flows that were recorded.", () => counters.RecordedFlows);
        Count("chain.flows.lost", "{flow}", "Flows for which there was no room.", () => counters.LostFlows);
        Count("chain.records.replayed", "{record}", "Calls and flows that came from the spool into the store.", () => counters.Replayed);
        Count("chain.records.duplicate", "{record}", "Calls and flows that the store had already.", () => counters.Duplicates);
        Count("chain.records.rejected", "{record}", "Calls and flows that the store will never take.", () => counters.Rejected);
        Count("chain.records.recovered", "{record}", "Calls and flows that a killed process had left in its buffers.", () => counters.Recovered);
        Count("chain.records.damaged", "{record}", "Records in the buffers of a killed process that did not read.", () => counters.DamagedRecords);
        Count("chain.recorder.blocked", "{wait}", "Times that somebody waited for room.", () => counters.Blocked);
        Count("chain.store.failures", "{failure}", "Failed attempts to reach the store or to write to it.", () => counters.StoreFailures);
        Count("chain.clock.jumps", "{jump}", "Steps of the wall clock.", () => counters.ClockJumps);
        _meter.CreateObservableGauge("chain.spool.size", () => counters.SpoolBytes, "By", "Bytes that wait in the spool.");
        _meter.CreateObservableGauge("chain.spool.calls", () => counters.WaitingCalls, "{call}", "Calls that wait in the spool.");
        _meter.CreateObservableGauge("chain.clock.skew", () => counters.ClockSkew, "us",
            "How far the time in call ids is ahead of the wall clock.");
        if (labels is not null)
        {
            _meter.CreateObservableGauge("chain.labels", () => labels.Count, "{label}", "Labels interned.");
            Count("chain.labels.coarsened", "{label}", "Labels made coarser to stay within the limits.", () => labels.Coarsened);
        }

        if (propagator is not null) Count("chain.headers.malformed", "{header}", "Malformed trace headers and baggage members.", () =>
            propagator.Malformed);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Count(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableCounter(name, read, unit, description);
}
