using System.Runtime.InteropServices;
using Chain.Silo.Api;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Storage;
using Chain.Wasm;
using Microsoft.Extensions.Logging;
using Npgsql;

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
        await using NodeProcess node = await StartAsync(folder, request, stop.Token);
        foreach (NotResumed one in node.NotResumed)
            Console.Error.WriteLine($"chain: {one.Version.Application} version {one.Version.Number} was not started again: {one.Reason}");
        foreach (string path in request.Paths) await DeployAsync(node, path, stop.Token);
        node.Announce();
        using (NodeClient client = NodeClient.Open(request.Node.Folder))
            Show(await client.GetAsync<NodeState>("status", stop.Token), node.Description, folder, request.Json);
        await Task.WhenAny(node.Stopping, Task.Delay(Timeout.Infinite, stop.Token));
        if (!request.Json) Console.Out.WriteLine("ending: calls under way finish first");
        return ExitCode.Ok;
    }

    /// <summary>Says where a node is.</summary>
    public static void Show(NodeState status, NodeDescription node, string folder, bool json)
    {
        if (json)
        {
            NodeCommand.WriteJson(new { node.Url, node.Http, node.Pid, node.Version, node.Started, status.Store, status.Applications }, indented: false);
            return;
        }

        NodeText.Line("postgres", NodeText.Store(status.Store));
        NodeText.Line("api", $"{node.Url}{ApiServer.Root}, token in {Path.Combine(folder, ApiToken.FileName)}");
        NodeText.Line("http", node.Http);
        foreach (RunningApplication application in status.Applications) NodeText.Line(application.Name, NodeText.Application(application));
    }

    private static async Task<NodeProcess> StartAsync(string folder, UpRequest request, CancellationToken cancellation)
    {
        try
        {
            return await NodeProcess.StartAsync(request.Node, request.ApiAddress, request.ApiPort, Log, cancellation);
        }
        catch (NodeRunsException e)
        {
            throw new CommandException(e.Message.Replace(request.Node.Folder, folder, StringComparison.Ordinal) + NodeClient.DataOption(folder));
        }
        catch (ListenException e)
        {
            string hint = e.InnerException is System.Net.Sockets.SocketException ? "" : $"; choose another with {(e.IsApi ? "--api-port" : "--port")}";
            throw new CommandException(e.Message + hint, ExitCode.Unavailable);
        }
        catch (Exception e) when (e is StoreException or DeploymentBusyException)
        {
            throw new CommandException(e.Message, ExitCode.Unavailable);
        }
        catch (Exception e) when (request.Node.Postgres is not null && e is NpgsqlException or TimeoutException or ArgumentException)
        {
            bool isMalformed = e is ArgumentException;
            throw new CommandException(isMalformed ? $"--postgres: {e.Message}" : $"the store cannot be opened: {e.Message}", isMalformed ? ExitCode.BadInput : ExitCode.Unavailable);
        }
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

    private static void Log(ILoggingBuilder logging) => logging
        .SetMinimumLevel(LogLevel.Warning)
        .AddSimpleConsole(console => console.SingleLine = true)
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
}
