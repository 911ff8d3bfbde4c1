using System.CommandLine;
using Chain.Cli.Output;
using Chain.Wasm.Components.Text;

namespace Chain.Cli.Components;

/// <summary><c>chain component wit</c>: what a component imports and exports, as WIT text.</summary>
internal static class WitCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A component, .wasm or .wasm.gz." };
        var command = new Command("wit", "Print a component's world and the interfaces it uses as WIT.") { file };
        command.SetAction(result =>
        {
            var text = new WitText(ComponentFile.Read(result.GetValue(file)!).Type);
            using var output = new ChunkedWriter(Console.Out);
            text.Write(output);
            return ExitCode.Ok;
        });
        return command;
    }
}
