using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Sockets;

/// <summary>
/// The interfaces of <c>wasi:sockets</c>, refused: there is a <c>network</c>, but making a socket and looking up a name answer <c>access-denied</c>.
/// Since no socket is ever made, no guest has a handle to call a method with; the methods are there for components to link, and answer the same.
/// </summary>
public static class SocketInterfaces
{
    public static HostInterface Network { get; } = new HostInterface("wasi:sockets/network@" + WasiInterfaces.Version)
        .Resource<Network>("network")
        .Function("network-error-code", static ErrorCode? (IoError error) => null);

    public static HostInterface InstanceNetwork { get; } = new HostInterface("wasi:sockets/instance-network@" + WasiInterfaces.Version)
        .Function("instance-network", static () => new Network());

    public static HostInterface TcpCreateSocket { get; } = new HostInterface("wasi:sockets/tcp-create-socket@" + WasiInterfaces.Version)
        .Function("create-tcp-socket", static (IpAddressFamily family) => Denied<TcpSocket>());

    public static HostInterface UdpCreateSocket { get; } = new HostInterface("wasi:sockets/udp-create-socket@" + WasiInterfaces.Version)
        .Function("create-udp-socket", static (IpAddressFamily family) => Denied<UdpSocket>());

    public static HostInterface IpNameLookup { get; } = new HostInterface("wasi:sockets/ip-name-lookup@" + WasiInterfaces.Version)
        .Resource<ResolveAddressStream>("resolve-address-stream")
        .Function("resolve-addresses", static (Network network, string name) => Denied<ResolveAddressStream>())
        .Function("[method]resolve-address-stream.resolve-next-address", static (ResolveAddressStream self) => Denied<IpAddress?>())
        .Function("[method]resolve-address-stream.subscribe", static (ResolveAddressStream self) => Pollable.Always);

    public static HostInterface Tcp { get; } = new HostInterface("wasi:sockets/tcp@" + WasiInterfaces.Version)
        .Resource<TcpSocket>("tcp-socket")
        .Function("[method]tcp-socket.start-bind", static (TcpSocket self, Network network, IpSocketAddress address) => Denied<Unit>())
        .Function("[method]tcp-socket.finish-bind", static (TcpSocket self) => Denied<Unit>())
        .Function("[method]tcp-socket.start-connect", static (TcpSocket self, Network network, IpSocketAddress address) => Denied<Unit>())
        .Function("[method]tcp-socket.finish-connect", static (TcpSocket self) => Denied<(InputStream, OutputStream)>())
        .Function("[method]tcp-socket.start-listen", static (TcpSocket self) => Denied<Unit>())
        .Function("[method]tcp-socket.finish-listen", static (TcpSocket self) => Denied<Unit>())
        .Function("[method]tcp-socket.accept", static (TcpSocket self) => Denied<(TcpSocket, InputStream, OutputStream)>())
        .Function("[method]tcp-socket.local-address", static (TcpSocket self) => Denied<IpSocketAddress>())
        .Function("[method]tcp-socket.remote-address", static (TcpSocket self) => Denied<IpSocketAddress>())
        .Function("[method]tcp-socket.is-listening", static (TcpSocket self) => false)
        .Function("[method]tcp-socket.address-family", static (TcpSocket self) => IpAddressFamily.Ipv4)
        .Function("[method]tcp-socket.set-listen-backlog-size", static (TcpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]tcp-socket.keep-alive-enabled", static (TcpSocket self) => Denied<bool>())
        .Function("[method]tcp-socket.set-keep-alive-enabled", static (TcpSocket self, bool value) => Denied<Unit>())
        .Function("[method]tcp-socket.keep-alive-idle-time", static (TcpSocket self) => Denied<ulong>())
        .Function("[method]tcp-socket.set-keep-alive-idle-time", static (TcpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]tcp-socket.keep-alive-interval", static (TcpSocket self) => Denied<ulong>())
        .Function("[method]tcp-socket.set-keep-alive-interval", static (TcpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]tcp-socket.keep-alive-count", static (TcpSocket self) => Denied<uint>())
        .Function("[method]tcp-socket.set-keep-alive-count", static (TcpSocket self, uint value) => Denied<Unit>())
        .Function("[method]tcp-socket.hop-limit", static (TcpSocket self) => Denied<byte>())
        .Function("[method]tcp-socket.set-hop-limit", static (TcpSocket self, byte value) => Denied<Unit>())
        .Function("[method]tcp-socket.receive-buffer-size", static (TcpSocket self) => Denied<ulong>())
        .Function("[method]tcp-socket.set-receive-buffer-size", static (TcpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]tcp-socket.send-buffer-size", static (TcpSocket self) => Denied<ulong>())
        .Function("[method]tcp-socket.set-send-buffer-size", static (TcpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]tcp-socket.subscribe", static (TcpSocket self) => Pollable.Always)
        .Function("[method]tcp-socket.shutdown", static (TcpSocket self, ShutdownType type) => Denied<Unit>());

    public static HostInterface Udp { get; } = new HostInterface("wasi:sockets/udp@" + WasiInterfaces.Version)
        .Resource<UdpSocket>("udp-socket")
        .Resource<IncomingDatagramStream>("incoming-datagram-stream")
        .Resource<OutgoingDatagramStream>("outgoing-datagram-stream")
        .Function("[method]udp-socket.start-bind", static (UdpSocket self, Network network, IpSocketAddress address) => Denied<Unit>())
        .Function("[method]udp-socket.finish-bind", static (UdpSocket self) => Denied<Unit>())
        .Function(
            "[method]udp-socket.stream",
            static (UdpSocket self, IpSocketAddress? remote) => Denied<(IncomingDatagramStream, OutgoingDatagramStream)>())
        .Function("[method]udp-socket.local-address", static (UdpSocket self) => Denied<IpSocketAddress>())
        .Function("[method]udp-socket.remote-address", static (UdpSocket self) => Denied<IpSocketAddress>())
        .Function("[method]udp-socket.address-family", static (UdpSocket self) => IpAddressFamily.Ipv4)
        .Function("[method]udp-socket.unicast-hop-limit", static (UdpSocket self) => Denied<byte>())
        .Function("[method]udp-socket.set-unicast-hop-limit", static (UdpSocket self, byte value) => Denied<Unit>())
        .Function("[method]udp-socket.receive-buffer-size", static (UdpSocket self) => Denied<ulong>())
        .Function("[method]udp-socket.set-receive-buffer-size", static (UdpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]udp-socket.send-buffer-size", static (UdpSocket self) => Denied<ulong>())
        .Function("[method]udp-socket.set-send-buffer-size", static (UdpSocket self, ulong value) => Denied<Unit>())
        .Function("[method]udp-socket.subscribe", static (UdpSocket self) => Pollable.Always)
        .Function("[method]incoming-datagram-stream.receive", static (IncomingDatagramStream self, ulong most) => Denied<IncomingDatagram[]>())
        .Function("[method]incoming-datagram-stream.subscribe", static (IncomingDatagramStream self) => Pollable.Always)
        .Function("[method]outgoing-datagram-stream.check-send", static (OutgoingDatagramStream self) => Denied<ulong>())
        .Function("[method]outgoing-datagram-stream.send", static (OutgoingDatagramStream self, OutgoingDatagram[] datagrams) => Denied<ulong>())
        .Function("[method]outgoing-datagram-stream.subscribe", static (OutgoingDatagramStream self) => Pollable.Always);

    private static Result<T, ErrorCode> Denied<T>() => ErrorCode.AccessDenied;
}
