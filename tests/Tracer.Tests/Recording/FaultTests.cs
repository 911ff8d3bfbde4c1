using System.Diagnostics;
using System.Globalization;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Microsoft.Win32.SafeHandles;
using Npgsql;

namespace Chain.Tracer.Tests.Recording;

/// <summary>What goes wrong, with counts: calls acknowledged are the calls in the store, and none is there twice.</summary>
public sealed class FaultTests
{
    [PostgresFact]
    public async Task PostgresKilledDuringIngestLosesNothingAndStoresNothingTwice()
    {
        await using OwnPostgres own = await OwnPostgres.StartAsync();
        await using NpgsqlDataSource database = own.Connect();
        await using Workload work = await Workload.OpenAsync(database);
        using var stop = new CancellationTokenSource();
        Task[] makers = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                work.Run(20);
                Thread.Sleep(1);
            }
        }, TaskCreationOptions.LongRunning))];

        for (int kill = 0; kill < 2; kill++)
        {
            await WaitUntilAsync(() => work.Recorder.Counters.StoredCalls > (kill + 1) * 2_000);
            long failures = work.Recorder.Counters.StoreFailures, spooled = work.Recorder.Counters.SpooledCalls;
            int killed = own.Server.ServerProcessId;
            using (Process server = Process.GetProcessById(killed)) server.Kill();
            await WaitUntilAsync(() => work.Recorder.Counters.StoreFailures > failures && work.Recorder.Counters.SpooledCalls > spooled);

            // The supervisor starts it again, and the recorder finds it. Until then the pid file is the old one, and the old server's own processes
            // may go on storing for a while.
            await WaitUntilAsync(() => own.IsRunning && own.Server.ServerProcessId != killed);
            long stored = work.Recorder.Counters.StoredCalls;
            await WaitUntilAsync(() => work.Recorder.Counters.StoredCalls > stored + 500);
        }

        await stop.CancelAsync();
        await Task.WhenAll(makers);
        await work.Recorder.DrainAsync();

        RecorderCounters counters = work.Recorder.Counters;
        (long calls, long distinct, long flows) = await Workload.CountAsync(database);
        Assert.Equal(counters.RecordedCalls, calls);
        Assert.Equal(calls, distinct);
        Assert.Equal(calls / Workload.CallsPerTrace, flows);
        Assert.Equal(0, counters.LostCalls);
        Assert.True(counters.Replayed > 0);
    }

    [PostgresFact]
    public async Task APostgresThatHangsLosesNothingAndStoresNothingTwice()
    {
        await using OwnPostgres own = await OwnPostgres.StartAsync();
        await using NpgsqlDataSource database = own.Connect(commandTimeout: 1);
        await using Workload work = await Workload.OpenAsync(database,
            new RecorderOptions { Folder = "", StoreTimeout = TimeSpan.FromSeconds(1) });
        work.Run(100);
        await work.Recorder.FlushAsync();

        // Every process of the server stands still, the one that has our next batch halfway included.
        Signal("STOP", own.Server.ServerProcessId);
        try
        {
            for (int i = 0; i < 20; i++)
            {
                work.Run(100);
                await Task.Delay(10);
            }

            await WaitUntilAsync(() => work.Recorder.Counters.SpooledCalls > 0);
        }
        finally
        {
            Signal("CONT", own.Server.ServerProcessId);
        }

        work.Run(100);
        await work.Recorder.DrainAsync();
        Assert.Equal((11_000, 11_000, 2_200), await Workload.CountAsync(database));
        Assert.Equal(0, work.Recorder.Counters.LostCalls);
    }

    [PostgresFact]
    public async Task AFullDiskHoldsCallersUntilThePostgresIsBack()
    {
        await using OwnPostgres own = await OwnPostgres.StartAsync();
        string connection = own.Server.ConnectionString;
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(connection);
        var disk = new FullDisk { Free = 100_000 };
        await using Workload work = await Workload.OpenAsync(database,
            new RecorderOptions { Folder = "", BufferSize = 512, BatchSize = 256 }, disk: disk);
        work.Run(10);
        await work.Recorder.FlushAsync();
        await own.StopAsync();

        Task maker = Task.Factory.StartNew(() => work.Run(2_000), TaskCreationOptions.LongRunning);
        await WaitUntilAsync(() => disk.Refusals > 2 && work.Recorder.Counters.Blocked > 0);
        Assert.False(maker.IsCompleted);

        await own.RestartAsync();
        await maker;
        await work.Recorder.DrainAsync();
        Assert.Equal((10_050, 10_050, 2_010), await Workload.CountAsync(database));
        Assert.Equal(0, work.Recorder.Counters.LostCalls);
    }

    [PostgresFact]
    public async Task WhatNobodyTakesWhenARecorderStopsIsLeftToTheNext()
    {
        await using OwnPostgres own = await OwnPostgres.StartAsync();
        await using NpgsqlDataSource database = own.Connect();
        string folder = TestPostgres.NewFolder();
        var disk = new FullDisk { Free = 20_000 };
        CallRecorder stopped = await OpenAsync(disk);
        await own.StopAsync();
        CallSiteId site = new(0);
        for (int i = 0; i < 3_000; i++) stopped.End(stopped.Start(default, site, default), default);
        await stopped.DisposeAsync();
        Assert.True(disk.Refusals > 0);
        Assert.Equal(0, stopped.Counters.LostCalls);

        await own.RestartAsync();
        CallRecorder heir = await OpenAsync(new FullDisk { Free = long.MaxValue });
        await heir.DrainAsync();
        Assert.True(heir.Counters.Recovered > 0);
        await heir.DisposeAsync();
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "buffers")));
        Assert.Equal((3_000, 3_000, 0), await Workload.CountAsync(database));
        Directory.Delete(folder, recursive: true);

        Task<CallRecorder> OpenAsync(FullDisk on)
        {
            var names = new CallNames();
            names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef("f")));
            return CallRecorder.OpenAsync(database, new LabelStore(), names,
                new RecorderOptions { Folder = folder, BatchSize = 256, StoreTimeout = TimeSpan.FromSeconds(1), RetryInterval = TimeSpan.FromMilliseconds(200) }, null, on, null);
        }
    }

    [PostgresFact]
    public async Task AFullDiskCostsExactlyTheCallsThatAreCountedAsLost()
    {
        await using OwnPostgres own = await OwnPostgres.StartAsync();
        await using NpgsqlDataSource database = own.Connect();
        var disk = new FullDisk { Free = 100_000 };
        await using Workload work = await Workload.OpenAsync(database,
            new RecorderOptions { Folder = "", BufferSize = 4096, Backpressure = Backpressure.Lose }, disk: disk);
        work.Run(10);
        await work.Recorder.FlushAsync();
        await own.StopAsync();

        for (int i = 0; i < 100; i++)
        {
            work.Run(50);
            await work.Recorder.FlushAsync();
        }

        RecorderCounters counters = work.Recorder.Counters;
        Assert.True(disk.Refusals > 0);
        Assert.True(counters.LostCalls > 0);
        Assert.True(counters.SpooledCalls > 0);

        await own.RestartAsync();
        await work.Recorder.DrainAsync();
        (long calls, long distinct, long flows) = await Workload.CountAsync(database);
        Assert.Equal(25_050, counters.RecordedCalls);
        Assert.Equal(counters.RecordedCalls - counters.LostCalls, calls);
        Assert.Equal(calls, distinct);
        Assert.Equal(counters.RecordedFlows - counters.LostFlows, flows);
    }

    [PostgresFact]
    public async Task ABatchThatIsReplayedTwiceIsStoredOnce()
    {
        await using OwnPostgres own = await OwnPostgres.StartAsync();
        string folder = TestPostgres.NewFolder(), segments = Path.Combine(folder, "segments");
        await using NpgsqlDataSource database = own.Connect();
        await using (Workload work = await Workload.OpenAsync(database, folder: folder + "-a"))
        {
            // The folder goes with the workload, so what is in the spool is set aside first.
            await own.StopAsync();
            work.Run(500);
            await work.Recorder.FlushAsync();
            Directory.CreateDirectory(segments);
            foreach (string path in Directory.GetFiles(Path.Combine(work.Folder, "segments")))
            {
                string name = Path.GetFileNameWithoutExtension(path);
                File.Copy(path, Path.Combine(segments, name + ".spool"));
                File.Copy(path, Path.Combine(segments,
                    (long.Parse(name, CultureInfo.InvariantCulture) + 500).ToString("D12", CultureInfo.InvariantCulture) + ".spool"));
            }

            await own.RestartAsync();
            await work.Recorder.DrainAsync();
        }

        await using Workload heir = await Workload.OpenAsync(database, folder: folder);
        await heir.Recorder.DrainAsync();

        Assert.Equal((2_500, 2_500, 500), await Workload.CountAsync(database));
        Assert.Equal(2 * 3_000, heir.Recorder.Counters.Duplicates);
        Assert.Equal(0, heir.Recorder.Counters.Replayed);
    }

    [PostgresFact]
    public async Task AClockThatJumpsNeverIssuesAnIdTwice()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string folder = TestPostgres.NewFolder();
        long hour = 3600 * CallClock.Second, offset = 0;
        var ids = new List<long>();
        foreach (long jump in (long[])[0, -hour, 2 * hour, -3 * hour])
        {
            offset += jump;
            Workload work = await Workload.OpenAsync(database, folder: folder, wall: () => CallClock.WallNow()
                + Interlocked.Read(ref offset));
            work.Run(200, ids);
            // And while it runs.
            Interlocked.Add(ref offset, -hour);
            work.Run(200, ids);
            Interlocked.Add(ref offset, 2 * hour);
            work.Run(200, ids);
            Interlocked.Add(ref offset, -hour);
            await work.Recorder.DrainAsync();
            await work.Recorder.DisposeAsync();
        }

        Assert.Equal(12_000, ids.Count);
        Assert.Equal(12_000, ids.Distinct().Count());
        Assert.Equal((12_000, 12_000, 2_400), await Workload.CountAsync(database));
        Directory.Delete(folder, recursive: true);
    }

    private static void Signal(string signal, int server)
    {
        string children = File.ReadAllText($"/proc/{server}/task/{server}/children");
        using Process kill = Process.Start("kill",
            [$"-{signal}", server.ToString(CultureInfo.InvariantCulture), .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        kill.WaitForExit();
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(3))
                throw new TimeoutException("what the test waits for did not happen within three minutes");
            await Task.Delay(10);
        }
    }
}
