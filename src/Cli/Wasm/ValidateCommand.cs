using System.CommandLine;
using System.Globalization;
using Chain.Wasm;
using Chain.Wasm.Binary;
using Chain.Wasm.Text;
using Chain.Wasm.Validation;

namespace Chain.Cli.Wasm;

/// <summary><c>chain wasm validate</c>: checks modules, each on one line.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Core modules, .wasm or .wasm.gz.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("validate", "Check modules against WebAssembly 3.0; exit code 2 when one of them is wrong.") { files };
        command.SetAction(result =>
        {
            bool allValid = true;
            foreach (string file in result.GetValue(files)!)
            {
                try
                {
                    Console.Out.WriteLine(Validate(file));
                }
                catch (Exception e) when (e is CommandException or WasmException)
                {
                    // The other files are still worth a line each.
                    allValid = false;
                    Console.Error.WriteLine($"chain: {TextLiteral.OneLine(e.Message)}");
                }
            }

            return allValid ? ExitCode.Ok : ExitCode.BadInput;
        });
        return command;
    }

    private static string Validate(string file)
    {
        Module module = ModuleFile.ReadModule(file);
        ModuleValidator.Validate(module);
        return $"{file}: valid, {Count(module.Functions.Length, "function")}, {Count(module.Imports.Length, "import")}, "
            + $"{Count(module.Exports.Length, "export")}, {Count(module.Bytes.Length, "byte")}";
    }

    private static string Count(int count, string what) =>
        $"{count.ToString("#,0", CultureInfo.InvariantCulture)} {what}{(count == 1 ? "" : "s")}";
}
