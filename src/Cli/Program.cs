using System.CommandLine;
using Chain.Cli.Bench;
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
            WasmCommand.Create(),
            ComponentCommand.Create(),
            BenchCommand.Create(),
        };
        return CommandRunner.Run(root, args);
    }
}
