using System.CommandLine;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary><c>chain status</c>.</summary>
internal static class NodeStatusCommand
{
    public static Command Create()
    {
        Option<bool> json = NodeCommand.Json();
        return new Command("status", "How the running node is: calls, record, policies, applications and their instances.") { json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                NodeState status = await node.GetAsync<NodeState>("status", cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(status);
                else Print(status, node.Node);
                return ExitCode.Ok;
            });
    }

    private static void Print(NodeState status, NodeDescription node)
    {
        NodeText.Line("node", $"{status.Node}, Chain {status.Version}, process {status.Pid}, up {NodeText.Ago(status.Started)}");
        NodeText.Line("api", node.Url + ApiServer.Root);
        NodeText.Line("http", status.Http);
        NodeText.Line("store", NodeText.Store(status.Store));
        NodeText.Line("calls", $"{StoreText.Count(status.Calls)} ended, {StoreText.Count(status.Denied)} denied");
        var r = status.Recorder;
        NodeText.Line("record", $"{StoreText.Count(r.StoredCalls)} calls stored, {StoreText.Count(r.SpooledCalls)} spooled, {StoreText.Count(r.LostCalls)} lost; "
            + $"{StoreText.Count(status.WaitingCalls)} wait in the spool ({StoreText.Bytes(status.SpoolBytes)}); {NodeText.Count(status.Dropped, "decision")} dropped");
        NodeText.Line("policies", $"{StoreText.Count(status.Policies.Count)}, set {status.Policies.Digest}");
        var applications = new Listing("applications", "application", "version#", "component", "instances#");
        foreach (RunningApplication application in status.Applications)
        {
            foreach (RunningComponent component in application.Components)
                applications.Add(application.Name, StoreText.Count(application.Version), component.Name, StoreText.Count(component.Instances));
        }

        Console.Out.WriteLine();
        if (applications.Count == 0) Console.Out.WriteLine("no application runs; deploy one with: chain deploy PATH");
        applications.Write();
        foreach (StoppedApplication one in status.NotRunning ?? [])
            Console.Out.WriteLine($"{one.Name} version {one.Version} is active in the store and could not be started here: {one.Reason}");
    }
}
