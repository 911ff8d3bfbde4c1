using System.Diagnostics;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Cli;
using Chain.Wasm.Wasi.Clocks;
using Chain.Wasm.Wasi.Io;
using Chain.Wasm.Wasi.Random;
using Chain.Wasm.Wasi.Sockets;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>Clocks, randomness, the command's surroundings and sockets, called as a guest's imports call them.</summary>
public sealed class ClockRandomSocketTests
{
    [Fact]
    public void TheMonotonicClockBeginsWithTheStoreAndGoesOn()
    {
        using ComponentStore store = Store(new WasiOptions());
        var now = Of<Func<ComponentStore, ulong>>(ClockInterfaces.MonotonicClock, "now");
        ulong first = now(store), second = now(store);
        Assert.InRange(first, 0ul, 60_000_000_000ul);
        Assert.True(second >= first);
        Assert.InRange(Of<Func<ComponentStore, ulong>>(ClockInterfaces.MonotonicClock, "resolution")(store), 1ul, 1_000_000_000ul);
    }

    [Fact]
    public void ATimerIsReadyWhenItsTimeHasCome()
    {
        using ComponentStore store = Store(new WasiOptions());
        var after = Of<Func<ComponentStore, ulong, Pollable>>(ClockInterfaces.MonotonicClock, "subscribe-duration");
        var at = Of<Func<ComponentStore, ulong, Pollable>>(ClockInterfaces.MonotonicClock, "subscribe-instant");
        var poll = Of<Func<ComponentStore, Pollable[], uint[]>>(IoInterfaces.Poll, "poll");
        Assert.True(after(store, 0).IsReady);
        Assert.True(at(store, 0).IsReady);
        Assert.False(at(store, ulong.MaxValue).IsReady);
        var time = Stopwatch.StartNew();
        Pollable never = after(store, ulong.MaxValue), soon = after(store, 60_000_000), later = after(store, 30_000_000_000);
        Assert.Equal([1u], poll(store, [never, soon, later]));
        Assert.InRange(time.ElapsedMilliseconds, 59, 20_000);
    }

    [Fact]
    public void ClocksCanBeSetByHand()
    {
        var clock = new HandClock();
        using ComponentStore store = Store(new WasiOptions { Time = clock });
        var now = Of<Func<ComponentStore, ulong>>(ClockInterfaces.MonotonicClock, "now");
        Assert.Equal(0ul, now(store));
        Pollable timer = Of<Func<ComponentStore, ulong, Pollable>>(ClockInterfaces.MonotonicClock, "subscribe-duration")(store, 5_000_000_000);
        var advance = new Thread(() =>
        {
            while (!clock.HasTimer) Thread.Sleep(1);
            clock.Advance(TimeSpan.FromSeconds(5));
        });
        advance.Start();
        timer.Block();
        advance.Join();
        Assert.Equal(5_000_000_000ul, now(store));
        Assert.Equal(new Datetime(1_000_000_005, 0), Of<Func<ComponentStore, Datetime>>(ClockInterfaces.WallClock, "now")(store));
    }

    [Fact]
    public void TheTimeZoneIsUtcUnlessAnotherIsGranted()
    {
        var display = Of<Func<ComponentStore, Datetime, TimezoneDisplay>>(ClockInterfaces.Timezone, "display");
        using ComponentStore utc = Store(new WasiOptions());
        Assert.Equal(new TimezoneDisplay(0, "UTC", false), display(utc, new Datetime(1_700_000_000, 0)));
        var half = TimeZoneInfo.CreateCustomTimeZone("half", TimeSpan.FromMinutes(-210), "half", "HALF");
        using ComponentStore other = Store(new WasiOptions { TimeZone = half });
        Assert.Equal(new TimezoneDisplay(-12_600, "HALF", false), display(other, new Datetime(1_700_000_000, 0)));
        Assert.Equal(0, Of<Func<ComponentStore, Datetime, int>>(ClockInterfaces.Timezone, "utc-offset")(other, new Datetime(ulong.MaxValue, 0)));
    }

    [Fact]
    public void RandomBytesAreAsManyAsAskedForUpToTheLimit()
    {
        using ComponentStore store = Store(new WasiOptions { MaxRandomBytes = 1000 });
        foreach ((HostInterface from, string name) in ((HostInterface, string)[])
            [(RandomInterfaces.Random, "get-random-bytes"), (RandomInterfaces.Insecure, "get-insecure-random-bytes")])
        {
            var bytes = Of<Func<ComponentStore, ulong, byte[]>>(from, name);
            Assert.Empty(bytes(store, 0));
            Assert.Equal(1000, bytes(store, 1000).Length);
            Assert.NotEqual(bytes(store, 32), bytes(store, 32));
            Assert.Equal(
                "wasm trap: the guest asked for 1001 random bytes at once; at most 1000 are given",
                Assert.Throws<ComponentTrapException>(() => bytes(store, 1001)).Message);
            Assert.Throws<ComponentTrapException>(() => bytes(store, ulong.MaxValue));
        }
    }

    [Fact]
    public void RandomnessCanBeFixed()
    {
        byte next = 0;
        var options = new WasiOptions
        {
            InsecureSeed = 7,
            FillRandom = destination =>
            {
                foreach (ref byte one in destination) one = ++next;
            },
        };
        using ComponentStore first = Store(options), second = Store(options);
        Assert.Equal(0x0807060504030201ul, Of<Func<ComponentStore, ulong>>(RandomInterfaces.Random, "get-random-u64")(first));
        Assert.Equal((0x100F0E0D0C0B0A09ul, 0x1817161514131211ul), Of<Func<ComponentStore, (ulong, ulong)>>(RandomInterfaces.InsecureSeed, "insecure-seed")(first));
        var insecure = Of<Func<ComponentStore, ulong>>(RandomInterfaces.Insecure, "get-insecure-random-u64");
        ulong number = insecure(first);
        Assert.Equal(number, insecure(second));
        first.Get<WasiState>().Reset();
        Assert.Equal(number, insecure(first));
    }

    [Fact]
    public void NothingIsGrantedByDefault()
    {
        using ComponentStore store = Store(new WasiOptions());
        Assert.Empty(Of<Func<ComponentStore, (string, string)[]>>(CliInterfaces.Environment, "get-environment")(store));
        Assert.Empty(Of<Func<ComponentStore, string[]>>(CliInterfaces.Environment, "get-arguments")(store));
        Assert.Null(Of<Func<ComponentStore, string?>>(CliInterfaces.Environment, "initial-cwd")(store));
        Assert.True(Of<Func<ComponentStore, InputStream>>(CliInterfaces.Stdin, "get-stdin")(store).BlockingRead(1).Error.IsClosed);
        Assert.False(Of<Func<ComponentStore, OutputStream>>(CliInterfaces.Stdout, "get-stdout")(store).BlockingWriteAndFlush("x"u8).IsError);
        Assert.False(Of<Func<ComponentStore, OutputStream>>(CliInterfaces.Stderr, "get-stderr")(store).BlockingWriteAndFlush("x"u8).IsError);
        Assert.Null(Of<Func<ComponentStore, TerminalInput?>>(CliInterfaces.TerminalStdin, "get-terminal-stdin")(store));
        Assert.Null(Of<Func<ComponentStore, TerminalOutput?>>(CliInterfaces.TerminalStdout, "get-terminal-stdout")(store));
        Assert.Null(Of<Func<ComponentStore, TerminalOutput?>>(CliInterfaces.TerminalStderr, "get-terminal-stderr")(store));
        Assert.Empty(Of<Func<ComponentStore, (Chain.Wasm.Wasi.Filesystem.Descriptor, string)[]>>(
            Chain.Wasm.Wasi.Filesystem.FilesystemInterfaces.Preopens, "get-directories")(store));
    }

    [Fact]
    public void TheOutputOutlivesTheHandlesToIt()
    {
        var output = new MemoryStream();
        using ComponentStore store = Store(new WasiOptions { Output = output });
        var stdout = Of<Func<ComponentStore, OutputStream>>(CliInterfaces.Stdout, "get-stdout");
        for (int i = 0; i < 3; i++)
        {
            using OutputStream handle = stdout(store);
            Assert.False(handle.BlockingWriteAndFlush("x"u8).IsError);
        }

        Assert.Equal("xxx"u8.ToArray(), output.ToArray());
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void ExitEndsTheGuestWithACode(bool failed, int code)
    {
        Result<Unit, Unit> status = failed ? Result<Unit, Unit>.FromError(default) : Result<Unit, Unit>.FromValue(default);
        Assert.Equal(code, Assert.Throws<GuestExitException>(() => Of<Action<Result<Unit, Unit>>>(CliInterfaces.Exit, "exit")(status)).ExitCode);
        Assert.Equal(200, Assert.Throws<GuestExitException>(() => Of<Action<byte>>(CliInterfaces.Exit, "exit-with-code")(200)).ExitCode);
    }

    [Fact]
    public void PollOfNothingTraps()
    {
        using ComponentStore store = Store(new WasiOptions());
        Assert.Throws<ComponentTrapException>(() => Of<Func<ComponentStore, Pollable[], uint[]>>(IoInterfaces.Poll, "poll")(store, []));
    }

    [Fact]
    public void SocketsAndNamesAreRefused()
    {
        Network network = Of<Func<Network>>(SocketInterfaces.InstanceNetwork, "instance-network")();
        foreach (IpAddressFamily family in Enum.GetValues<IpAddressFamily>())
        {
            Assert.Equal(
                ErrorCode.AccessDenied,
                Of<Func<IpAddressFamily, Result<TcpSocket, ErrorCode>>>(SocketInterfaces.TcpCreateSocket, "create-tcp-socket")(family).Error);
            Assert.Equal(
                ErrorCode.AccessDenied,
                Of<Func<IpAddressFamily, Result<UdpSocket, ErrorCode>>>(SocketInterfaces.UdpCreateSocket, "create-udp-socket")(family).Error);
        }

        Result<ResolveAddressStream, ErrorCode> resolved =
            Of<Func<Network, string, Result<ResolveAddressStream, ErrorCode>>>(SocketInterfaces.IpNameLookup, "resolve-addresses")(network, "localhost");
        Assert.True(resolved is { IsError: true, Error: ErrorCode.AccessDenied });
    }

    private static ComponentStore Store(WasiOptions options)
    {
        var store = new ComponentStore(new ManagedEngine());
        store.Add(new WasiState(options));
        return store;
    }

    private static T Of<T>(HostInterface from, string function)
        where T : Delegate => (T)from.Functions[function];

    /// <summary>A clock that goes only when it is moved.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly List<HandTimer> timers = [];
        private long ticks;

        public bool HasTimer
        {
            get
            {
                lock (timers) return timers.Count > 0;
            }
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref ticks);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1_000_000_000).AddTicks(GetTimestamp());

        public void Advance(TimeSpan time)
        {
            Interlocked.Add(ref ticks, time.Ticks);
            lock (timers)
            {
                foreach (HandTimer timer in timers.Where(timer => timer.Due <= ticks)) timer.Fire();
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new HandTimer(GetTimestamp() + dueTime.Ticks, () => callback(state));
            lock (timers) timers.Add(timer);
            return timer;
        }

        private sealed class HandTimer(long due, Action fire) : ITimer
        {
            public long Due => due;

            public void Fire() => fire();

            public bool Change(TimeSpan dueTime, TimeSpan period) => false;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
