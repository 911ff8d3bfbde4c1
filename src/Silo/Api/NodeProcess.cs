using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Api;

/// <summary>A node as <c>chain up</c> runs it: in a folder of its own, with its API and the applications that were active before.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private readonly NodeFolder folder;
    private readonly ApiServer api;
    private readonly ICluster? cluster;
    private readonly TaskCompletionSource stopping;

    private NodeProcess(
        NodeFolder folder, LocalNode node, ICluster? cluster, NodeApplications applications, ApiServer api, TaskCompletionSource stopping, DateTimeOffset started)
    {
        this.folder = folder;
        this.cluster = cluster;
        this.api = api;
        this.stopping = stopping;
        Node = node;
        Applications = applications;
        Description = new NodeDescription(Reachable(api.Url), Reachable(node.Url), Environment.ProcessId, Version, started);
    }

    /// <summary>The version of Chain.</summary>
    public static string Version { get; } =
        typeof(NodeProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    public LocalNode Node { get; }

    public NodeApplications Applications { get; }

    /// <summary>How it is reached.</summary>
    public NodeDescription Description { get; }

    /// <summary>What could not be started again.</summary>
    public IReadOnlyList<NotResumed> NotResumed { get; private init; } = [];

    /// <summary>Is done when somebody asks over the API that it ends.</summary>
    public Task Stopping => stopping.Task;

    /// <summary>What the API answers.</summary>
    internal IReadOnlyList<string> Endpoints => api.Endpoints;

    /// <summary>Starts a node and what ran on it before. Nobody finds it before <see cref="Announce"/>.</summary>
    /// <param name="options">The node.</param>
    /// <param name="address">Where its API listens.</param>
    /// <param name="port">The API's port; 0 for one that is free.</param>
    /// <param name="logging">Where its own lines go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="NodeRunsException">A node runs in the folder.</exception>
    /// <exception cref="ListenException">An address cannot be had.</exception>
    /// <exception cref="ClusterException">It is to be a silo, and cannot join.</exception>
    /// <inheritdoc cref="LocalNode.StartAsync"/>
    public static async Task<NodeProcess> StartAsync(
        NodeOptions options, IPAddress address, int port, Action<ILoggingBuilder> logging, CancellationToken cancellation = default)
    {
        DateTimeOffset started = DateTimeOffset.UtcNow;
        NodeFolder folder = NodeFolder.Take(options.Folder);
        LocalNode? node = null;
        ICluster? cluster = null;
        NodeApplications? applications = null;
        NodeProcess? process = null;
        try
        {
            ApiToken token = ApiToken.ReadOrMake(options.Folder);
            node = await LocalNode.OpenAsync(options, logging, cancellation).ConfigureAwait(false);
            if (options.Cluster is not null) cluster = await ClusterSupport.StartAsync(node, options, logging, cancellation).ConfigureAwait(false);
            applications = new NodeApplications(node);
            // Nobody is told that there is no application who asks while they start.
            IReadOnlyList<NotResumed> notResumed = await applications.ResumeAsync(cancellation).ConfigureAwait(false);
            await node.ListenAsync().ConfigureAwait(false);
            var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var shown = new NodeApi(node, cluster, applications, () => process!.Description, () => stopping.TrySetResult());
            ApiServer api = await ApiServer.StartAsync(
                new ApiOptions { Address = address, Port = port, Token = token, Drain = options.Drain }, shown, logging).ConfigureAwait(false);
            process = new NodeProcess(folder, node, cluster, applications, api, stopping, started) { NotResumed = notResumed };
            cluster?.Announce(Reachable(api.Url, options.Cluster!.Address));
            return process;
        }
        catch
        {
            if (applications is not null) await applications.DisposeAsync().ConfigureAwait(false);
            if (cluster is not null) await cluster.DisposeAsync().ConfigureAwait(false);
            if (node is not null) await node.DisposeAsync().ConfigureAwait(false);
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Says in the folder how it is reached, and later that it is drained, when it is.</summary>
    public void Announce()
    {
        folder.Announce(Description);
        if (cluster is not null) _ = AnnounceDrainAsync();
    }

    /// <summary>Takes no more calls, waits for those under way, and leaves the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        folder.Withdraw();
        await api.StopAsync().ConfigureAwait(false);
        await api.DisposeAsync().ConfigureAwait(false);
        await Applications.DisposeAsync().ConfigureAwait(false);
        if (cluster is not null)
        {
            // While the others can be asked still.
            await Node.StopTakingAsync().ConfigureAwait(false);
            await cluster.DisposeAsync().ConfigureAwait(false);
        }

        await Node.DisposeAsync().ConfigureAwait(false);
        folder.Dispose();
    }

    private async Task AnnounceDrainAsync()
    {
        await Node.TakesNoMore.ConfigureAwait(false);
        folder.AnnounceAgain(Description with { IsDrained = true });
    }

    /// <summary>How a server that listens on every address is reached: by one of them, this machine's own loopback where none is given.</summary>
    internal static string Reachable(string url, IPAddress? by = null)
    {
        var address = new UriBuilder(url);
        if (!IPAddress.TryParse(address.Host.Trim('[', ']'), out IPAddress? ip)) return url;
        bool isAny = ip.Equals(IPAddress.Any), isAny6 = ip.Equals(IPAddress.IPv6Any);
        if (isAny || isAny6) address.Host = Host(by ?? (isAny ? IPAddress.Loopback : IPAddress.IPv6Loopback));
        return address.Uri.GetLeftPart(UriPartial.Authority);

        static string Host(IPAddress ip) => ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip}]" : ip.ToString();
    }
}
