using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Cli;
using Chain.Wasm.Wasi.Clocks;
using Chain.Wasm.Wasi.Filesystem;
using Chain.Wasm.Wasi.Io;
using Chain.Wasm.Wasi.Random;
using Chain.Wasm.Wasi.Sockets;

namespace Chain.Wasm.Wasi;

/// <summary>
/// The interfaces of WASI 0.2 that the host offers; made once, for all stores. Their functions find a store's grants in its <see cref="WasiState"/>.
/// </summary>
public static class WasiInterfaces
{
    /// <summary>The version under which each is offered; imports of any other 0.2 version are met by it.</summary>
    public const string Version = "0.2.12";

    public static IReadOnlyList<HostInterface> Io { get; } = [IoInterfaces.Error, IoInterfaces.Poll, IoInterfaces.Streams];

    public static IReadOnlyList<HostInterface> Clocks { get; } = [ClockInterfaces.MonotonicClock, ClockInterfaces.WallClock, ClockInterfaces.Timezone];

    public static IReadOnlyList<HostInterface> Random { get; } = [RandomInterfaces.Random, RandomInterfaces.Insecure, RandomInterfaces.InsecureSeed];

    public static IReadOnlyList<HostInterface> Cli { get; } =
    [
        CliInterfaces.Environment, CliInterfaces.Exit, CliInterfaces.Stdin, CliInterfaces.Stdout, CliInterfaces.Stderr, CliInterfaces.TerminalInput,
        CliInterfaces.TerminalOutput, CliInterfaces.TerminalStdin, CliInterfaces.TerminalStdout, CliInterfaces.TerminalStderr,
    ];

    public static IReadOnlyList<HostInterface> Filesystem { get; } = [FilesystemInterfaces.Types, FilesystemInterfaces.Preopens];

    /// <summary>They link, and refuse everything.</summary>
    public static IReadOnlyList<HostInterface> Sockets { get; } =
    [
        SocketInterfaces.Network, SocketInterfaces.InstanceNetwork, SocketInterfaces.Tcp, SocketInterfaces.TcpCreateSocket, SocketInterfaces.Udp,
        SocketInterfaces.UdpCreateSocket, SocketInterfaces.IpNameLookup,
    ];

    /// <summary>What the world <c>wasi:cli/command</c> imports. It grants nothing that <see cref="WasiOptions"/> does not.</summary>
    public static IReadOnlyList<HostInterface> Command { get; } = [.. Io, .. Clocks, .. Random, .. Cli, .. Filesystem, .. Sockets];
}
