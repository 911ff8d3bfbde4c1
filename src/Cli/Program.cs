using System.CommandLine;
using Chain.Cli.Alerts;
using Chain.Cli.Applications;
using Chain.Cli.Bench;
using Chain.Cli.Cluster;
using Chain.Cli.Demo;
using Chain.Cli.Lineage;
using Chain.Cli.Node;
using Chain.Cli.Policy;
using Chain.Cli.RecordStore;
using Chain.Cli.Traces;
using Chain.Cli.Components;
using Chain.Cli.Wasm;

namespace Chain.Cli;

/// <summary>The command line: one root command, one class a noun.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        var root = new RootCommand("Chain runs WebAssembly components as services, follows their data and checks it against policies.")
        {
            DemoCommand.Create(),
            UpCommand.Create(),
            DownCommand.Create(),
            NodeStatusCommand.Create(),
            DrainCommand.Create(),
            RestartCommand.Create(),
            ApplicationCheckCommand.Create(),
            DeployCommand.Create(),
            AppsCommand.Create(),
            RollbackCommand.Create(),
            CallCommand.Create(),
            LogsCommand.Create(),
            WasmCommand.Create(),
            PolicyCommand.Create(),
            TracesCommand.Create(),
            TraceCommand.Create(),
            LineageCommand.Create(),
            WhyCommand.Create(),
            AlertsCommand.Create(),
            SilenceCommand.Create(),
            StoreCommand.Create(),
            ComponentCommand.Create(),
            BenchCommand.Create(),
        };
        return CommandRunner.Run(root, args);
    }
}
