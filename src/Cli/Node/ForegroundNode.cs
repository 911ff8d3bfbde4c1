using System.Runtime.InteropServices;
using Chain.Silo.Api;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Wasm;
using Microsoft.Extensions.Logging;

namespace Chain.Cli.Node;

/// <summary>A node in this process, until somebody ends it.</summary>
internal static class ForegroundNode
{
    /// <param name="folder">The folder as it was written.</param>
    /// <param name="request">What to run.</param>
    /// <exception cref="CommandException">The node cannot start, or an application cannot be deployed.</exception>
    public static async Task<int> RunAsync(string folder, UpRequest request)
    {
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            // A second one means it.
            if (stop.IsCancellationRequested) return;
            signal.Cancel = true;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        if (request.IsSupervised) EndWithSupervisor(stop);
        await using NodeProcess node = await StartAsync(folder, request, stop.Token);
        foreach (NotResumed one in node.NotResumed)
            Console.Error.WriteLine($"chain: {one.Version.Application} version {one.Version.Number} was not started again: {one.Reason}");
        foreach (string path in request.Paths) await DeployAsync(node, path, stop.Token);
        node.Announce();
        using (NodeClient client = NodeClient.Open(request.Node.Folder))
            Show(await client.GetAsync<NodeState>("status", CancellationToken.None), node.Description, folder, request.Json);
        await Task.WhenAny(node.Stopping, Task.Delay(Timeout.Infinite, stop.Token));
        if (!request.Json) Console.Out.WriteLine("ending: calls under way finish first");
        return ExitCode.Ok;
    }

    /// <summary>Says where a node is, or several silos are.</summary>
    public static void Show(NodeState status, NodeDescription node, string folder, bool json)
    {
        if (json)
        {
            NodeCommand.WriteJson(
                new { node.Url, node.Http, node.Pid, node.Version, node.Started, node.Supervisor, node.Silos, status.Store, status.Applications }, indented: false);
            return;
        }

        string token = Path.Combine(folder, ApiToken.FileName);
        NodeText.Line("postgres", NodeText.Store(status.Store));
        if (node.Silos is { } silos)
        {
            foreach (SiloDescription silo in silos) NodeText.Line(silo.Name, $"http {silo.Http}, api {silo.Url}{ApiServer.Root}");
            NodeText.Line("token", token);
        }
        else
        {
            NodeText.Line("api", $"{node.Url}{ApiServer.Root}, token in {token}");
            NodeText.Line("http", node.Http);
        }

        if (status.State is not null) NodeText.Line("cluster", $"{node.Url}{ApiServer.DashboardPath}; any user name, the token is the password");
        foreach (RunningApplication application in status.Applications) NodeText.Line(application.Name, NodeText.Application(application));
    }

    private static async Task<NodeProcess> StartAsync(string folder, UpRequest request, CancellationToken cancellation)
    {
        try
        {
            return await NodeProcess.StartAsync(request.Node, request.ApiAddress, request.ApiPort, Log, cancellation);
        }
        catch (Exception failure) when (StartFailure.Of(failure, folder, request) is { } known)
        {
            throw known;
        }
    }

    /// <summary>Ends this process like a signal does, once the one that runs it is gone: that one holds the other end of the standard input.</summary>
    private static void EndWithSupervisor(CancellationTokenSource stop)
    {
        var watch = new Thread(() =>
        {
            using Stream input = Console.OpenStandardInput();
            Span<byte> nothing = stackalloc byte[16];
            while (input.Read(nothing) > 0)
            {
            }

            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended already.
            }
        })
        {
            IsBackground = true, Name = "supervisor",
        };
        watch.Start();
    }

    private static async Task DeployAsync(NodeProcess node, string path, CancellationToken cancellation)
    {
        try
        {
            ApplicationBundle bundle = await ApplicationCheck.BundleAsync(path, node.Applications.Store.FindComponentAsync, cancellation);
            Deployment deployment = await node.Applications.DeployAsync(bundle, Environment.UserName, cancellation);
            foreach (PolicyEngine.Policies.PolicyIssue warning in deployment.Warnings) Console.Error.WriteLine(warning);
        }
        catch (ManifestException e)
        {
            throw Refused.Of(path, e.Issues);
        }
        catch (PolicyEngine.Policies.PolicySetException e)
        {
            throw Refused.Of(path, e.Issues);
        }
        catch (DeploymentBusyException e)
        {
            throw new CommandException(e.Message, ExitCode.Unavailable);
        }
        catch (WasmException e)
        {
            throw new CommandException($"{path} was not deployed: {e.Message}");
        }
    }

    /// <summary>Where a process's own lines go: warnings to standard error, one line each.</summary>
    public static void Log(ILoggingBuilder logging) => logging
        .SetMinimumLevel(LogLevel.Warning)
        .AddSimpleConsole(console => console.SingleLine = true)
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
}
