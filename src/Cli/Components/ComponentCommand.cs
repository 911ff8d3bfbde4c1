using System.CommandLine;

namespace Chain.Cli.Components;

/// <summary><c>chain component</c>: look into components and run them.</summary>
internal static class ComponentCommand
{
    public static Command Create() => new("component", "Inspect WebAssembly components, print their interfaces, run them, serve them over HTTP.")
    {
        InspectCommand.Create(),
        WitCommand.Create(),
        RunCommand.Create(),
        ServeCommand.Create(),
    };
}
