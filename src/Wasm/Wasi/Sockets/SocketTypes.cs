using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Sockets;

/// <summary>The enum <c>error-code</c> of <c>wasi:sockets/network</c>, in its order.</summary>
public enum ErrorCode : byte
{
    Unknown,
    AccessDenied,
    NotSupported,
    InvalidArgument,
    OutOfMemory,
    Timeout,
    ConcurrencyConflict,
    NotInProgress,
    WouldBlock,
    InvalidState,
    NewSocketLimit,
    AddressNotBindable,
    AddressInUse,
    RemoteUnreachable,
    ConnectionRefused,
    ConnectionReset,
    ConnectionAborted,
    DatagramTooLarge,
    NameUnresolvable,
    TemporaryResolverFailure,
    PermanentResolverFailure,
}

/// <summary>The enum <c>ip-address-family</c>.</summary>
public enum IpAddressFamily : byte
{
    Ipv4,
    Ipv6,
}

/// <summary>The enum <c>shutdown-type</c> of <c>wasi:sockets/tcp</c>.</summary>
public enum ShutdownType : byte
{
    Receive,
    Send,
    Both,
}

/// <summary>The record <c>ipv4-socket-address</c>.</summary>
public sealed record Ipv4SocketAddress(ushort Port, (byte, byte, byte, byte) Address);

/// <summary>The record <c>ipv6-socket-address</c>.</summary>
public sealed record Ipv6SocketAddress(
    ushort Port, uint FlowInfo, (ushort, ushort, ushort, ushort, ushort, ushort, ushort, ushort) Address, uint ScopeId);

/// <summary>The variant <c>ip-address</c>.</summary>
public readonly struct IpAddress : IVariant<IpAddress>
{
    private IpAddress(int @case, object payload) => (Case, Payload) = (@case, payload);

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } =
    [
        ("ipv4", typeof((byte, byte, byte, byte))),
        ("ipv6", typeof((ushort, ushort, ushort, ushort, ushort, ushort, ushort, ushort))),
    ];

    public int Case { get; }

    public object? Payload { get; }

    public static IpAddress Create(int @case, object? payload) => new(@case, payload!);
}

/// <summary>The variant <c>ip-socket-address</c>.</summary>
public readonly struct IpSocketAddress : IVariant<IpSocketAddress>
{
    private IpSocketAddress(int @case, object payload) => (Case, Payload) = (@case, payload);

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } =
        [("ipv4", typeof(Ipv4SocketAddress)), ("ipv6", typeof(Ipv6SocketAddress))];

    public int Case { get; }

    public object? Payload { get; }

    public static IpSocketAddress Create(int @case, object? payload) => new(@case, payload!);
}

/// <summary>The record <c>incoming-datagram</c> of <c>wasi:sockets/udp</c>.</summary>
public sealed record IncomingDatagram(byte[] Data, IpSocketAddress RemoteAddress);

/// <summary>The record <c>outgoing-datagram</c> of <c>wasi:sockets/udp</c>.</summary>
public sealed record OutgoingDatagram(byte[] Data, IpSocketAddress? RemoteAddress);

/// <summary>The resource <c>network</c>: access to no network.</summary>
public sealed class Network;

/// <summary>The resource <c>tcp-socket</c>. None is ever made.</summary>
public sealed class TcpSocket
{
    private TcpSocket()
    {
    }
}

/// <summary>The resource <c>udp-socket</c>. None is ever made.</summary>
public sealed class UdpSocket
{
    private UdpSocket()
    {
    }
}

/// <summary>The resource <c>incoming-datagram-stream</c>. None is ever made.</summary>
public sealed class IncomingDatagramStream
{
    private IncomingDatagramStream()
    {
    }
}

/// <summary>The resource <c>outgoing-datagram-stream</c>. None is ever made.</summary>
public sealed class OutgoingDatagramStream
{
    private OutgoingDatagramStream()
    {
    }
}

/// <summary>The resource <c>resolve-address-stream</c>. None is ever made.</summary>
public sealed class ResolveAddressStream
{
    private ResolveAddressStream()
    {
    }
}
