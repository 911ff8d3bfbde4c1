using System.CommandLine;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;
using Chain.Silo.Hosting;

namespace Chain.Cli.Node;

/// <summary><c>chain status</c>.</summary>
internal static class NodeStatusCommand
{
    public static Command Create()
    {
        Option<bool> json = NodeCommand.Json();
        return new Command("status", "How the running node is: calls, record, policies, applications and their instances; of a cluster its silos too.") { json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                NodeState status = await node.GetAsync<NodeState>("status", cancellation);
                if (status.State is not null) status = status with { Silos = await node.GetAsync<SiloStatus[]>("silos", cancellation) };
                SupervisorState? supervisor = await SupervisorAsync(node, cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(supervisor is null ? status : status with { Supervisor = supervisor });
                else Print(status, supervisor, node.Node);
                return ExitCode.Ok;
            });
    }

    private static async Task<SupervisorState?> SupervisorAsync(NodeClient node, CancellationToken cancellation)
    {
        if (node.Node.Supervisor is null) return null;
        using NodeClient process = node.OfProcess();
        return await process.GetAsync<SupervisorState>("status", cancellation);
    }

    private static void Print(NodeState status, SupervisorState? supervisor, NodeDescription node)
    {
        NodeText.Line("node", $"{status.Node}, Chain {status.Version}, process {status.Pid}, up {NodeText.Ago(status.Started)}");
        if (status.State is { } state && supervisor is null) NodeText.Line("cluster", $"this silo is {Word(state)}");
        if (supervisor is not null) NodeText.Line("cluster", $"process {supervisor.Pid} runs {NodeText.Count(supervisor.Silos.Count, "silo")}, up {NodeText.Ago(supervisor.Started)}");
        NodeText.Line("api", (status.Url ?? node.Url) + ApiServer.Root);
        NodeText.Line("http", status.Http);
        NodeText.Line("store", NodeText.Store(status.Store));
        NodeText.Line("calls", $"{StoreText.Count(status.Calls)} ended, {StoreText.Count(status.Denied)} denied");
        var r = status.Recorder;
        NodeText.Line("record", $"{StoreText.Count(r.StoredCalls)} calls stored, {StoreText.Count(r.SpooledCalls)} spooled, {StoreText.Count(r.LostCalls)} lost; "
            + $"{StoreText.Count(status.WaitingCalls)} wait in the spool ({StoreText.Bytes(status.SpoolBytes)})");
        if (status.Decisions is { } d)
        {
            NodeText.Line("decisions", $"{StoreText.Count(d.Stored)} stored, {StoreText.Count(d.Recovered)} recovered, {StoreText.Count(status.Dropped)} dropped; "
                + $"{StoreText.Count(d.Deferred)} left to the next start, {StoreText.Count(d.Unprotected)} that a kill would have cost");
        }

        NodeText.Line("policies", $"{StoreText.Count(status.Policies.Count)}, set {status.Policies.Digest}");
        Console.Out.WriteLine();
        if (status.Silos is { } silos) SilosOf(silos, supervisor).Write();
        Listing applications = ApplicationsOf(status);
        if (applications.Count == 0) Console.Out.WriteLine("no application runs; deploy one with: chain deploy PATH");
        applications.Write();
        foreach (StoppedApplication one in status.NotRunning ?? [])
            Console.Out.WriteLine($"{one.Name} version {one.Version} is active in the store and could not be started here: {one.Reason}");
    }

    /// <summary>The silos of the cluster, and those that should be and are not.</summary>
    private static Listing SilosOf(IReadOnlyList<SiloStatus> silos, SupervisorState? supervisor)
    {
        var processes = (supervisor?.Silos ?? []).ToDictionary(static one => one.Name);
        var listing = new Listing("silos", "silo", "state", "address", "api", "labels", "up", "restarts#", "calls#", "instances#");
        foreach (SiloStatus silo in silos)
        {
            bool isKnown = silo.Started != default;
            listing.Add(
                silo.Name, Word(silo.State), silo.Address, silo.Api, NodeText.Labels(silo.Labels), isKnown ? NodeText.Ago(silo.Started) : "",
                processes.Remove(silo.Name, out SiloProcess? process) ? StoreText.Count(process.Restarts) : "",
                isKnown ? StoreText.Count(silo.Calls) : "", isKnown ? StoreText.Count(silo.Activations) : "");
        }

        foreach (SiloProcess away in processes.Values) listing.Add(away.Name, away.State, "", away.Url ?? "", "", "", StoreText.Count(away.Restarts), "", "");
        return listing;
    }

    /// <summary>The applications that the node has, with the instances of all silos.</summary>
    private static Listing ApplicationsOf(NodeState status)
    {
        bool isCluster = status.Silos is not null;
        var listing = isCluster
            ? new Listing("applications", "application", "version#", "component", "instances#", "on")
            : new Listing("applications", "application", "version#", "component", "instances#");
        foreach (RunningApplication application in status.Applications)
        {
            foreach (RunningComponent component in application.Components)
            {
                string[] cells = [application.Name, StoreText.Count(application.Version), component.Name];
                if (!isCluster)
                {
                    listing.Add([.. cells, StoreText.Count(component.Instances)]);
                    continue;
                }

                (string Silo, long Count)[] there =
                    [.. status.Silos!.Select(silo => (silo.Name, silo.Components.GetValueOrDefault($"{application.Name}/{component.Name}"))).Where(static one => one.Item2 > 0)];
                listing.Add([.. cells, StoreText.Count(there.Sum(static one => one.Count)), string.Join(", ", there.Select(static one => one.Silo))]);
            }
        }

        return listing;
    }

    private static string Word(SiloState state) => state.ToString().ToLowerInvariant();
}
