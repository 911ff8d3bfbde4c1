using System.CommandLine;
using System.Globalization;
using Chain.Cli.Output;
using Chain.Wasm;
using Chain.Wasm.Binary;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm;

/// <summary><c>chain wasm dump</c>: what stands in a module, valid or not.</summary>
internal static class DumpCommand
{
    public static Command Create()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "A core module, .wasm or .wasm.gz.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var section = new Option<string?>("--section", "-s")
        {
            Description = "Only this section, item by item: type, import, function, table, memory, tag, global, export, start, element, "
                + "code, data, or the name of a custom section.",
            HelpName = "NAME",
        };
        var disassemble = new Option<string?>("--disassemble", "-d")
        {
            Description = "The whole module in the text format, or one function by its index or name.",
            HelpName = "FUNC",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var offsets = new Option<bool>("--offsets") { Description = "With --disassemble: the byte offset before each instruction." };
        var json = new Option<bool>("--json") { Description = "JSON on standard output." };
        var command = new Command("dump", "Show the sections, types, imports and exports of a module, or its code as text.")
        {
            file, section, disassemble, offsets, json,
        };
        command.SetAction(result =>
        {
            bool asText = result.GetResult(disassemble) is not null;
            string? function = result.GetValue(disassemble);
            string path = result.GetValue(file) ?? throw Missing(function);
            Module module = ModuleFile.ReadModule(path);
            if (result.GetValue(section) is { } name)
            {
                if (asText || result.GetValue(json)) throw new CommandException("--section goes with neither --disassemble nor --json");
                new ModuleListings(module).WriteSection(name);
            }
            else if (asText && result.GetValue(json)) throw new CommandException("--disassemble does not go with --json");
            else if (asText) Disassemble(module, function, result.GetValue(offsets));
            else if (result.GetValue(json)) ModuleJson.Write(module);
            else new ModuleListings(module).WriteOverview();
            return ExitCode.Ok;
        });
        return command;
    }

    // `dump --disassemble x.wasm` reads as if x.wasm were the function.
    private static CommandException Missing(string? function) => function is not null && Path.Exists(function)
        ? new CommandException($"no FILE given: put {function} before --disassemble, which takes a function")
        : new CommandException("no FILE given; expected: chain wasm dump FILE");

    private static void Disassemble(Module module, string? function, bool offsets)
    {
        var text = new ModuleText(module, offsets);
        using var output = new ChunkedWriter(Console.Out);
        try
        {
            if (function is null) text.Write(output);
            else text.WriteFunction(output, FindFunction(module, function));
        }
        catch (MalformedModuleException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static uint FindFunction(Module module, string wanted)
    {
        uint count = (uint)(module.ImportCount(ExternalKind.Function) + module.Functions.Length);
        if (uint.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out uint index))
        {
            if (index < count) return index;
            throw new CommandException($"{module.DisplayName} has no function {index}; it has {count}, counted from 0");
        }

        string name = wanted.TrimStart('$');
        var names = new List<string>();
        for (uint i = 0; i < count; i++)
        {
            if (module.Names.Function(i) is not { } candidate) continue;
            if (candidate == name) return i;
            names.Add(candidate);
        }

        // An export names a function too, even where the name section calls it something else.
        foreach (Export export in module.Exports)
        {
            if (export.Kind != ExternalKind.Function) continue;
            if (export.Name == name) return export.Index;
            names.Add(export.Name);
        }

        throw new CommandException($"{module.DisplayName} has no function '{wanted}'{NearNames.Hint(name, names)}");
    }
}
