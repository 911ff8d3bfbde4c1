using System.CommandLine;

namespace Chain.Cli.Wasm;

/// <summary><c>chain wasm</c>: look into core modules and run them.</summary>
internal static class WasmCommand
{
    public static Command Create() => new("wasm", "Validate, dump and run core WebAssembly modules.")
    {
        ValidateCommand.Create(),
        DumpCommand.Create(),
        RunCommand.Create(),
        SpecCommand.Create(),
    };
}
