using Chain.Tests;
using Chain.Tracer.Recording;
using Npgsql;

namespace Chain.Tracer.Tests.Recording;

public sealed class CallRecorderTests
{
    [PostgresFact]
    public async Task WhatManyThreadsRecordIsInTheStoreOnceFlushed()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using Workload work = await Workload.OpenAsync(database);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => work.Run(5_000))));
        await work.Recorder.FlushAsync();

        Assert.Equal((200_000, 200_000, 40_000), await Workload.CountAsync(database));
        Assert.Equal(200_000, work.Recorder.Counters.StoredCalls);
        Assert.Equal(0, work.Recorder.Counters.SpooledCalls);
    }

    [PostgresFact]
    public async Task ARecorderThatStopsInOrderLeavesNothingToRecover()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string folder = TestPostgres.NewFolder();
        Workload work = await Workload.OpenAsync(database, folder: folder);
        work.Run(100);
        Assert.Equal(["names", "records"], Directory.GetFiles(Path.Combine(folder, "buffers")).Select(Path.GetFileName).Order());
        await work.Recorder.DisposeAsync();
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "buffers")));

        await using Workload heir = await Workload.OpenAsync(database, folder: folder);
        await heir.Recorder.DrainAsync();
        Assert.Equal((0, 0, 0), (heir.Recorder.Counters.Recovered, heir.Recorder.Counters.Duplicates, heir.Recorder.Counters.SpooledCalls));
        Assert.Equal((500, 500, 100), await Workload.CountAsync(database));
    }

    [PostgresFact]
    public async Task RecordingAllocatesNothing()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using Workload work = await Workload.OpenAsync(database);
        // The label's text is parsed in each run, so that is measured on its own.
        work.Run(100);
        Assert.Equal(AllocatedBytes.Least(() => work.Run(0)), AllocatedBytes.Least(() => work.Run(1_000)));
    }
}
