using System.Net;
using System.Net.Sockets;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Where a silo listens.</summary>
/// <param name="Silo">For other silos.</param>
/// <param name="Gateway">For clients of the cluster that are no silos.</param>
/// <param name="ArePicked">Whether a port was picked here, and another would do as well.</param>
internal sealed record ClusterEndpoints(IPEndPoint Silo, IPEndPoint Gateway, bool ArePicked)
{
    /// <summary>Orleans has to know its ports before it listens: those that are 0 are picked now, and somebody else may still take one before it does.</summary>
    /// <exception cref="ClusterException">A port or the address cannot be had.</exception>
    public static ClusterEndpoints Choose(ClusterOptions options)
    {
        // Both are held until both are known, or they might be the same.
        using Socket silo = Bind(options.Address, options.SiloPort);
        using Socket gateway = Bind(options.Address, options.GatewayPort);
        return new ClusterEndpoints(
            (IPEndPoint)silo.LocalEndPoint!, (IPEndPoint)gateway.LocalEndPoint!, options.SiloPort == 0 || options.GatewayPort == 0);
    }

    private static Socket Bind(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new ClusterException(Listening.ReasonOf(failure, new IPEndPoint(address, port))!, failure);
        }
    }
}
