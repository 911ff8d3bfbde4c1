using System.CommandLine;

namespace Chain.Cli.Components;

/// <summary><c>chain component</c>: look into components.</summary>
internal static class ComponentCommand
{
    public static Command Create() => new("component", "Inspect WebAssembly components and print their interfaces.")
    {
        InspectCommand.Create(),
        WitCommand.Create(),
    };
}
