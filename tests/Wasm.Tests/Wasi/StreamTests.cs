using System.Text;
using Chain.Tests;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>The contract of <c>wasi:io/streams</c> and <c>wasi:io/poll</c>.</summary>
public sealed class StreamTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    [Fact]
    public void MoreThanCheckWritePermittedTraps()
    {
        var pipe = new BytePipe(10);
        Assert.Equal(10ul, pipe.Output.CheckWrite().Value);
        Assert.False(pipe.Output.Write("1234"u8).IsError);
        Assert.False(pipe.Output.Write("567890"u8).IsError);
        Assert.Equal(0ul, pipe.Output.CheckWrite().Value);
        Assert.Equal(
            "wasm trap: a write of 1 bytes where check-write permitted 0",
            Assert.Throws<ComponentTrapException>(() => pipe.Output.Write("x"u8)).Message);
        Assert.Equal("1234567890", Text(pipe.Input.Read(100)));

        // Room alone is no permission: it has to be asked for.
        Assert.Throws<ComponentTrapException>(() => pipe.Output.Write("x"u8));
        Assert.Throws<ComponentTrapException>(() => pipe.Output.WriteZeroes(1));
    }

    [Fact]
    public void ABlockingWriteOfMoreThan4096BytesTraps()
    {
        var pipe = new BytePipe();
        Assert.Throws<ComponentTrapException>(() => pipe.Output.BlockingWriteAndFlush(new byte[4097]));
        Assert.Throws<ComponentTrapException>(() => pipe.Output.BlockingWriteZeroesAndFlush(4097));
        Assert.False(pipe.Output.BlockingWriteAndFlush(new byte[4096]).IsError);
        Assert.False(pipe.Output.BlockingWriteZeroesAndFlush(4096).IsError);
        Assert.Equal(8192, pipe.Input.Read(10_000).Value.Length);
    }

    [Fact]
    public void AReadGivesWhatIsThereAndNothingMore()
    {
        var pipe = new BytePipe();
        Assert.Empty(pipe.Input.Read(10).Value);
        Send(pipe, "abcdef");
        Assert.Empty(pipe.Input.Read(0).Value);
        Assert.Equal("abcd", Text(pipe.Input.Read(4)));
        Assert.Equal("ef", Text(pipe.Input.Read(ulong.MaxValue)));
        Assert.Empty(pipe.Input.Read(10).Value);
        Send(pipe, "gh");
        Assert.Equal(2ul, pipe.Input.Skip(10).Value);
    }

    [Fact]
    public void TheEndComesAfterWhatWasWritten()
    {
        var pipe = new BytePipe();
        Send(pipe, "last");
        pipe.Output.Dispose();
        Assert.True(pipe.Input.Subscribe().IsReady);
        Assert.Equal("last", Text(pipe.Input.BlockingRead(10)));
        Assert.True(pipe.IsDrained);
        Assert.True(pipe.Input.Read(10).Error.IsClosed);
        Assert.True(pipe.Input.BlockingRead(10).Error.IsClosed);
        Assert.True(pipe.Input.Read(0).Error.IsClosed);
        Assert.True(pipe.Input.Subscribe().IsReady);
    }

    [Fact]
    public void AFailureIsToldOnceAndThenTheStreamIsClosed()
    {
        var pipe = new BytePipe();
        Send(pipe, "some");
        pipe.CompleteWriting(new IoError("the other side went away"));
        Assert.Equal("some", Text(pipe.Input.Read(10)));
        Assert.Equal("the other side went away", pipe.Input.Read(10).Error.Error!.Message);
        Assert.True(pipe.Input.Read(10).Error.IsClosed);

        var broken = new BytePipe();
        Assert.True(broken.Output.CheckWrite().Value > 0);
        broken.CompleteReading(new IoError("no room"));
        Assert.True(broken.Output.Subscribe().IsReady);
        Assert.Equal("no room", broken.Output.Write("x"u8).Error.Error!.Message);
        Assert.True(broken.Output.CheckWrite().Error.IsClosed);
        Assert.True(broken.Output.Flush().Error.IsClosed);
        Assert.True(broken.Output.BlockingFlush().Error.IsClosed);
    }

    [Fact]
    public void WritesAreClosedWhenTheReaderIsGone()
    {
        var pipe = new BytePipe();
        Assert.True(pipe.Output.CheckWrite().Value > 0);
        pipe.Input.Dispose();
        Assert.True(pipe.Output.Write("x"u8).Error.IsClosed);
        Assert.True(pipe.Output.CheckWrite().Error.IsClosed);
        Assert.True(pipe.Output.BlockingWriteAndFlush("x"u8).Error.IsClosed);
    }

    [Fact]
    public void SpliceMovesWhatBothSidesAllow()
    {
        BytePipe from = new(), to = new(6);
        Send(from, "0123456789");
        Assert.Equal(4ul, to.Output.Splice(from.Input, 4).Value);
        Assert.Equal(2ul, to.Output.Splice(from.Input, 100).Value);
        Assert.Equal(0ul, to.Output.Splice(from.Input, 100).Value);
        Assert.Equal("012345", Text(to.Input.Read(100)));
        Assert.Equal(4ul, to.Output.BlockingSplice(from.Input, 100).Value);
        Assert.Equal(0ul, to.Output.Splice(from.Input, 100).Value);
        from.CompleteWriting();
        Assert.True(to.Output.Splice(from.Input, 100).Error.IsClosed);
        Assert.Equal("6789", Text(to.Input.Read(100)));
    }

    [Fact]
    public void AFullPipeHoldsTheWriterUntilTheReaderTakes()
    {
        var pipe = new BytePipe(3);
        var read = new StringBuilder();
        var reader = new Thread(() =>
        {
            while (pipe.Input.BlockingRead(2) is { IsError: false } some) read.Append(Text(some));
        });
        reader.Start();
        string text = string.Concat(Enumerable.Range(0, 500).Select(i => $"{i},"));
        Assert.False(pipe.Output.BlockingWriteAndFlush(Encoding.UTF8.GetBytes(text)).IsError);
        pipe.Output.Dispose();
        Assert.True(reader.Join(Long));
        Assert.Equal(text, read.ToString());
    }

    [Fact]
    public async Task TheHostReadsWhatAGuestWritesAndTheOtherWayRound()
    {
        var pipe = new BytePipe(100);
        var echo = new BytePipe(100);
        byte[] sent = new byte[20_000];
        Random.Shared.NextBytes(sent);
        var guest = new Thread(() =>
        {
            while (echo.Output.BlockingSplice(pipe.Input, 77) is { IsError: false })
            {
            }

            echo.Output.Dispose();
        });
        guest.Start();
        Task writing = Task.Run(async () =>
        {
            Assert.True(await pipe.WriteAsync(sent));
            pipe.CompleteWriting();
        });
        var received = new MemoryStream();
        byte[] buffer = new byte[64];
        while (await echo.ReadAsync(buffer) is > 0 and var length) received.Write(buffer, 0, length);
        await writing;
        Assert.True(guest.Join(Long));
        Assert.Equal(sent, received.ToArray());
        echo.CompleteReading();
        Assert.False(await echo.WriteAsync(new byte[1]));
    }

    [Fact]
    public async Task AHostThatReadsLearnsOfAFailure()
    {
        var pipe = new BytePipe();
        ValueTask<int> waiting = pipe.ReadAsync(new byte[10]);
        pipe.CompleteWriting(new IoError("cut off"));
        Assert.Equal("cut off", (await Assert.ThrowsAsync<IOException>(async () => await waiting)).Message);
        using var cancelled = new CancellationTokenSource();
        ValueTask<int> endless = new BytePipe().ReadAsync(new byte[10], cancelled.Token);
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await endless);
    }

    [Fact]
    public void PollGivesTheIndicesOfAllThatAreReady()
    {
        BytePipe empty = new(), full = new(), ended = new();
        Send(full, "x");
        ended.CompleteWriting();
        Pollable[] all = [empty.Input.Subscribe(), full.Input.Subscribe(), empty.Output.Subscribe(), ended.Input.Subscribe(), full.Input.Subscribe()];
        Assert.Equal([1u, 2u, 3u, 4u], PollWaiter.Wait(all, default));
        Assert.False(all[0].IsReady);
    }

    [Fact]
    public void PollSleepsUntilOneOfManyIsReady()
    {
        BytePipe[] pipes = [.. Enumerable.Range(0, 1000).Select(_ => new BytePipe())];
        var counted = new CountedPollable();
        Pollable[] all = [.. pipes.Select(pipe => pipe.Input.Subscribe()), counted];
        uint[] ready = [];
        var guest = new Thread(() => ready = PollWaiter.Wait(all, default));
        guest.Start();
        Thread.Sleep(200);
        Send(pipes[777], "x");
        Assert.True(guest.Join(Long));
        Assert.Equal([777u], ready);

        // Before it sleeps, before it sleeps with others told, and when it is woken.
        Assert.InRange(counted.Looks, 1, 4);
    }

    [Fact]
    public void AWaitEndsWhenTheCallIsCancelled()
    {
        var pipe = new BytePipe();
        using var cancellation = new CancellationTokenSource(50);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => pipe.Input.BlockingRead(1, cancellation.Token)).Kind);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => PollWaiter.Wait([pipe.Input.Subscribe()], cancellation.Token)).Kind);
    }

    [Fact]
    public void AWaitEndsWithTheDeadlineOfItsStore()
    {
        using var store = new ComponentStore(new Chain.Wasm.Execution.Managed.ManagedEngine());
        var poll = (Func<ComponentStore, Pollable[], uint[]>)IoInterfaces.Poll.Functions["poll"];
        Pollable never = new BytePipe().Input.Subscribe();
        store.SetDeadline(TimeSpan.FromMilliseconds(50));
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => poll(store, [never])).Kind);
        store.SetDeadline(TimeSpan.Zero);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => poll(store, [never])).Kind);
        using var cancellation = new CancellationTokenSource(50);
        store.SetDeadline(TimeSpan.FromHours(1), cancellation.Token);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => poll(store, [never])).Kind);
        store.SetDeadline(Timeout.InfiniteTimeSpan);
        Assert.False(store.Cancellation.CanBeCanceled);
    }

    [Fact]
    public void ATaskIsReadyHoweverItEnds()
    {
        var task = new TaskCompletionSource();
        var pollable = new TaskPollable(task.Task);
        Assert.False(pollable.IsReady);
        var failing = new Thread(() =>
        {
            Thread.Sleep(50);
            task.SetException(new IOException());
        });
        failing.Start();
        pollable.Block();
        Assert.True(pollable.IsReady);
        Assert.True(task.Task.Exception is not null && failing.Join(Long));
    }

    [Fact]
    public void TheHostsInputIsReadWhenItComes()
    {
        using var anonymous = new System.IO.Pipes.AnonymousPipeServerStream();
        using var client = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, anonymous.ClientSafePipeHandle);
        var input = new HostInput(client);
        Assert.Empty(input.Read(10).Value);
        Assert.False(input.Subscribe().IsReady);
        var writer = new Thread(() =>
        {
            Thread.Sleep(50);
            anonymous.Write("hello"u8);
            Thread.Sleep(50);
            anonymous.Dispose();
        });
        writer.Start();
        Assert.Equal("hel", Text(input.BlockingRead(3)));
        Assert.Equal("lo", Text(input.BlockingRead(3)));
        Assert.True(input.BlockingRead(3).Error.IsClosed);
        writer.Join();
    }

    [Fact]
    public void AFailureOfTheHostsStreamShowsNothingOfTheHost()
    {
        var output = new HostOutput(new FailingStream());
        output.CheckWrite();
        Assert.Equal("writing failed (IOException)", output.Write("x"u8).Error.Error!.Message);
        Assert.True(output.CheckWrite().Error.IsClosed);
        Assert.Equal("reading failed (IOException)", new HostInput(new FailingStream()).BlockingRead(1).Error.Error!.Message);
    }

    [Fact]
    public void WritingToAStreamOfTheHostMakesNoGarbage()
    {
        var output = new HostOutput(Stream.Null);
        byte[] contents = new byte[1000];
        void Write()
        {
            output.CheckWrite();
            output.Write(contents);
            output.BlockingFlush();
        }

        for (int i = 0; i < 1000; i++) Write();
        long least = AllocatedBytes.Least(() =>
        {
            for (int i = 0; i < 1000; i++) Write();
        });
        Assert.InRange(least, 0, 1000);
    }

    private static string Text(Result<byte[], StreamError> read) => Encoding.UTF8.GetString(read.Value);

    private static void Send(BytePipe pipe, string text) => Assert.False(pipe.Output.BlockingWriteAndFlush(Encoding.UTF8.GetBytes(text)).IsError);

    private sealed class CountedPollable : Pollable
    {
        public int Looks { get; private set; }

        public override bool IsReady
        {
            get
            {
                Looks++;
                return false;
            }
        }
    }

    private sealed class FailingStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("cannot read /home/ada/secret");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("cannot write /home/ada/secret");
    }
}
