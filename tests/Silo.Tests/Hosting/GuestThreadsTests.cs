using Chain.Silo.Hosting;

namespace Chain.Silo.Tests.Hosting;

/// <summary>The threads that guests run on.</summary>
public sealed class GuestThreadsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    [Fact]
    public void WorkRunsOnAThreadOfItsOwn()
    {
        using var threads = new GuestThreads(1, 0);
        using var done = new ManualResetEventSlim();
        bool isPool = true;
        Assert.True(threads.TryRun(() =>
        {
            isPool = Thread.CurrentThread.IsThreadPoolThread;
            done.Set();
        }));
        Assert.True(done.Wait(Long));
        Assert.False(isPool);
    }

    [Fact]
    public void WhatIsPastTheThreadsWaitsAndWhatIsPastTheQueueIsRefused()
    {
        using var threads = new GuestThreads(2, 3);
        using var gate = new ManualResetEventSlim();
        using var done = new CountdownEvent(5);
        int running = 0, most = 0;
        void Work()
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            gate.Wait();
            Interlocked.Decrement(ref running);
            done.Signal();
        }

        for (int i = 0; i < 5; i++) Assert.True(threads.TryRun(Work));
        Assert.False(threads.TryRun(Work));
        gate.Set();
        Assert.True(done.Wait(Long));
        Assert.Equal(2, most);
        using var again = new ManualResetEventSlim();
        Assert.True(SpinWait.SpinUntil(() => threads.TryRun(again.Set), Long));
        Assert.True(again.Wait(Long));
    }

    [Fact]
    public void TheStackHoldsWhatAGuestMayUse()
    {
        const int Bytes = 16 << 20;
        using var threads = new GuestThreads(1, 0, Bytes);
        using var done = new ManualResetEventSlim();
        int sum = 0;
        Assert.True(threads.TryRun(() =>
        {
            sum = Deep(Bytes / 1024);
            done.Set();
        }));
        Assert.True(done.Wait(Long));
        Assert.Equal(Bytes / 1024, sum);

        // A kilobyte a call.
        static int Deep(int depth)
        {
            Span<byte> frame = stackalloc byte[1024 - 128];
            frame[depth % frame.Length] = 1;
            return depth == 0 ? 0 : Deep(depth - 1) + frame[depth % frame.Length];
        }
    }

    [Fact]
    public void NothingIsTakenAfterTheEndAndWhatWasTakenIsDone()
    {
        var threads = new GuestThreads(1, 10);
        using var gate = new ManualResetEventSlim();
        using var done = new CountdownEvent(3);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(threads.TryRun(() =>
            {
                gate.Wait();
                done.Signal();
            }));
        }

        threads.Dispose();
        Assert.False(threads.TryRun(static () => { }));
        gate.Set();
        Assert.True(done.Wait(Long));
    }

    [Fact]
    public void WorkThatAllOthersWaitForGetsAThreadWhenThoseHaveBlocked()
    {
        // Two are usual: each of a hundred waits for the one that comes after it, so that all must run at a time.
        const int Depth = 100;
        using var threads = new GuestThreads(Depth, 0, usual: 2);
        var done = Enumerable.Range(0, Depth + 1).Select(static _ => new ManualResetEventSlim()).ToArray();
        done[Depth].Set();
        for (int i = 0; i < Depth; i++)
        {
            int own = i;
            Assert.True(threads.TryRun(() =>
            {
                if (done[own + 1].Wait(Long)) done[own].Set();
            }));
        }

        Assert.True(done[0].Wait(Long));
        foreach (ManualResetEventSlim one in done) one.Dispose();
    }

    [Fact]
    public void WhoSaysThatItWaitsLetsOthersRunAndCountsAgainAfterwards()
    {
        const int Depth = 20;
        using var threads = new GuestThreads(Depth, 0, usual: 1);
        for (int round = 0; round < 3; round++)
        {
            var done = Enumerable.Range(0, Depth + 1).Select(static _ => new ManualResetEventSlim()).ToArray();
            done[Depth].Set();
            for (int i = 0; i < Depth; i++)
            {
                int own = i;
                Assert.True(SpinWait.SpinUntil(() => threads.TryRun(() =>
                {
                    using (GuestThreads.Waiting())
                    {
                        if (!done[own + 1].Wait(Long)) return;
                    }

                    done[own].Set();
                }), Long));
            }

            Assert.True(done[0].Wait(Long));
            foreach (ManualResetEventSlim one in done) one.Dispose();
        }
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
