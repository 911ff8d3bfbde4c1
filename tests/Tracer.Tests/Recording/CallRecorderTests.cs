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
    public async Task RecordingAllocatesNothing()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using Workload work = await Workload.OpenAsync(database);
        // The label's text is parsed in each run, so that is measured on its own and taken off.
        work.Run(100);
        work.Run(0);
        long parsing = GC.GetAllocatedBytesForCurrentThread();
        work.Run(0);
        parsing = GC.GetAllocatedBytesForCurrentThread() - parsing;

        long before = GC.GetAllocatedBytesForCurrentThread();
        work.Run(1_000);

        Assert.Equal(parsing, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
