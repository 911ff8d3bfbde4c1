using System.Runtime.InteropServices;
using Chain.Cli.Node;
using Chain.Silo.Api;

namespace Chain.Cli.Cluster;

/// <summary>The process that runs several silos, until somebody ends it.</summary>
internal static class ForegroundCluster
{
    /// <param name="folder">The folder as it was written.</param>
    /// <param name="request">What to run.</param>
    /// <exception cref="CommandException">A silo cannot start, or an application cannot be deployed.</exception>
    public static async Task<int> RunAsync(string folder, UpRequest request)
    {
        using var stop = new CancellationTokenSource();
        ClusterSupervisor? supervisor = null;
        void Stop(PosixSignalContext signal)
        {
            // A second one means it.
            if (stop.IsCancellationRequested)
            {
                supervisor?.Kill();
                return;
            }

            signal.Cancel = true;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            supervisor = await StartAsync(folder, request, stop.Token);
            NodeDescription node = supervisor.Description;
            NodeState status;
            using (NodeClient client = NodeClient.Open(folder, node))
            {
                foreach (string path in request.Paths)
                    foreach (IssueLine warning in (await DeployCommand.DeployAsync(client, path, stop.Token)).Warnings) Console.Error.WriteLine(warning.ToIssue());
                status = await client.GetAsync<NodeState>("status", stop.Token);
            }

            supervisor.Announce();
            ForegroundNode.Show(status, node, folder, request.Json);
            await Task.WhenAny(supervisor.Stopping, Task.Delay(Timeout.Infinite, stop.Token));
            if (!request.Json) Console.Out.WriteLine("ending: calls under way finish first");
            return ExitCode.Ok;
        }
        finally
        {
            if (supervisor is not null) await supervisor.DisposeAsync();
        }
    }

    private static async Task<ClusterSupervisor> StartAsync(string folder, UpRequest request, CancellationToken cancellation)
    {
        try
        {
            return await ClusterSupervisor.StartAsync(request, cancellation);
        }
        catch (Exception failure) when (StartFailure.Of(failure, folder, request) is { } known)
        {
            throw known;
        }
    }
}
