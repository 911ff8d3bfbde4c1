using System.Net.Sockets;
using Orleans;
using Orleans.Runtime;
using MemberStatus = global::Orleans.Runtime.SiloStatus;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>
/// A silo that was killed stands among the members until others find out, and where all were killed nobody does: whoever joins next would wait for it.
/// So the silo that comes back under its name says that it is gone.
/// </summary>
internal static class Predecessor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Takes members of a silo's name for dead, before it joins.</summary>
    /// <param name="table">The members.</param>
    /// <param name="name">The silo's name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ClusterException">Such a silo runs.</exception>
    public static async Task BuryAsync(IMembershipTable table, string name, CancellationToken cancellation)
    {
        await table.InitializeMembershipTableAsync(true, cancellation).ConfigureAwait(false);
        while (true)
        {
            MembershipTableData members = await table.ReadAllAsync(cancellation).ConfigureAwait(false);
            (MembershipEntry? before, string etag) = members.Members
                .FirstOrDefault(one => one.Item1.SiloName == name && one.Item1.Status is not (MemberStatus.None or MemberStatus.Dead)) ?? new(null!, "");
            if (before is null) return;
            if (await ListensAsync(before.SiloAddress, cancellation).ConfigureAwait(false))
                throw new ClusterException($"a silo of that name is in the cluster already, at {before.SiloAddress.Endpoint}");
            before.Status = MemberStatus.Dead;
            // False where somebody else changed a member meanwhile.
            await table.UpdateRowAsync(before, etag, members.Version.Next(), cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<bool> ListensAsync(SiloAddress silo, CancellationToken cancellation)
    {
        using var socket = new Socket(silo.Endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await socket.ConnectAsync(silo.Endpoint, patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception silent) when (silent is SocketException || (silent is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }
}
