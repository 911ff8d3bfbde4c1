using System.CommandLine;

namespace Chain.Cli.Components;

/// <summary><c>chain component</c>: look into components, run them.</summary>
internal static class ComponentCommand
{
    public static Command Create() => new("component", "Inspect WebAssembly components, print their interfaces, serve them over HTTP.")
    {
        InspectCommand.Create(),
        WitCommand.Create(),
        ServeCommand.Create(),
    };
}
