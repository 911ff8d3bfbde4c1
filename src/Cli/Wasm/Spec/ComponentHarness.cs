using Chain.Wasm;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Validation;

namespace Chain.Cli.Wasm.Spec;

/// <summary>Carries out those commands of a component script that decode and validate.</summary>
internal sealed class ComponentHarness(ScriptFolder folder) : ISpecHarness
{
    /// <summary>Why a command that runs something is skipped.</summary>
    public const string NeedsInstances = "components cannot be instantiated yet";

    public Outcome Execute(ScriptCommand command)
    {
        switch (command.Type)
        {
            case "component_definition":
                if (Validate(command) is { } error) return Outcome.Failed("a valid component", error.Message);
                return command.BinaryFile is null ? Outcome.Skipped(CoreHarness.NeedsText) : Outcome.Passed;
            case "assert_malformed" or "assert_invalid":
                if (command.BinaryFile is null) return Outcome.Skipped(CoreHarness.NeedsText);
                return Validate(command) is null ? Outcome.Failed($"a rejection ({command.Text})", "a valid component") : Outcome.Passed;
            case "component" or "assert_unlinkable" or "assert_uninstantiable":
                if (Validate(command) is { } invalid) return Outcome.Failed("a valid component", invalid.Message);
                return Outcome.Skipped(NeedsInstances);
            case "component_instance" or "action" or "assert_return" or "assert_trap" or "assert_exception" or "assert_exhaustion" or "register":
                return Outcome.Skipped(NeedsInstances);
            default:
                return Outcome.Failed($"unknown command type '{command.Type}'");
        }
    }

    public void Dispose()
    {
    }

    private WasmException? Validate(ScriptCommand command)
    {
        if (command.BinaryFile is not { } file) return null;
        try
        {
            ComponentValidator.Validate(ComponentReader.Read(folder.File(file), file));
            return null;
        }
        catch (WasmException rejection)
        {
            return rejection;
        }
    }
}
