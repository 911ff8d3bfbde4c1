using System.Diagnostics.Metrics;
using Chain.Tests;
using Chain.Tracer.Telemetry;
using Chain.Tracer.Tests.Recording;
using Npgsql;

namespace Chain.Tracer.Tests.Telemetry;

public sealed class RecorderMetricsTests
{
    [PostgresFact]
    public async Task TheCountersAreMetrics()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using Workload work = await Workload.OpenAsync(database);
        using var metrics = new RecorderMetrics(work.Recorder.Counters, work.Labels, new Propagator(work.Labels));
        var seen = new Dictionary<string, long>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, own) =>
            { if (instrument.Meter.Name == RecorderMetrics.MeterName) own.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        work.Run(10);
        await work.Recorder.FlushAsync();
        listener.RecordObservableInstruments();

        Assert.Equal((50, 50, 0, 0),
            (seen["chain.calls.recorded"], seen["chain.calls.stored"], seen["chain.calls.lost"], seen["chain.spool.size"]));
        Assert.Equal(3, seen["chain.labels"]);
    }
}
