using Chain.Wasm;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm.Spec;

/// <summary>
/// Carries out the commands of a component script; each instance lives in a store of its own. What asks for a part of the Component Model that
/// is not run yet is skipped, and so are the calls of what could therefore not be instantiated.
/// </summary>
internal sealed class ComponentHarness(ScriptFolder folder, Engine engine) : ISpecHarness
{
    // As in the core suite: a hang is a failure, not the end of the run.
    private static readonly TimeSpan LongestCommand = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Loaded> definitions = [];
    private readonly Dictionary<string, Running> instances = [];
    private readonly List<ComponentStore> stores = [];
    private Loaded? definition;
    private Running? current;

    public Outcome Execute(ScriptCommand command) => command.Type switch
    {
        "component" => DefineAndInstantiate(command),
        "component_definition" => Define(command),
        "component_instance" => InstantiateDefinition(command),
        "action" => Act(command, _ => Outcome.Passed),
        "assert_return" => AssertReturn(command),
        "assert_trap" => AssertTrap(command),
        "assert_malformed" or "assert_invalid" => AssertRejected(command),
        "assert_unlinkable" => AssertUnlinkable(command),
        "assert_uninstantiable" => AssertUninstantiable(command),
        _ => Outcome.Failed($"unknown command type '{command.Type}'"),
    };

    public void Dispose()
    {
        foreach (ComponentStore store in stores) store.Dispose();
    }

    private Outcome DefineAndInstantiate(ScriptCommand command)
    {
        // Where this fails, what follows must not run against the component before.
        current = null;
        if (command.Name is { } old) instances.Remove(old);
        return Load(command) is { } component ? Keep(component, command.Name) : Outcome.Skipped(CoreHarness.NeedsText);
    }

    private Outcome Define(ScriptCommand command)
    {
        definition = Load(command);
        if (definition is null) return Outcome.Skipped(CoreHarness.NeedsText);
        if (command.Name is { } name) definitions[name] = definition;
        return Outcome.Passed;
    }

    private Outcome InstantiateDefinition(ScriptCommand command)
    {
        current = null;
        Loaded? component = command.Component is { } name ? definitions.GetValueOrDefault(name) : definition;
        return component is null ? Outcome.Failed($"no component definition {command.Component}") : Keep(component, command.Instance);
    }

    private Outcome Keep(Loaded component, string? name)
    {
        Outcome outcome;
        try
        {
            current = Instantiate(component);
            outcome = Outcome.Passed;
        }
        catch (UnsupportedComponentException e)
        {
            outcome = Unsupported(component, e);
            current = new Running(component, null, null, outcome);
        }

        if (name is not null) instances[name] = current;
        return outcome;
    }

    // A part that is refused, though the component uses none of those that are not run yet, is a fault of ours.
    private static Outcome Unsupported(Loaded component, UnsupportedComponentException refusal) =>
        ComponentNeeds.Of(component.Compiled.Context) is { } needs ? Outcome.Skipped(needs) : Outcome.Failed("an instance", refusal.Message);

    private Outcome Act(ScriptCommand command, Func<ComponentValue?, Outcome> judge)
    {
        ScriptAction action = command.Action ?? throw new FormatException("the command has no action");
        if (action.Type != "invoke") return Outcome.Failed($"unknown action type '{action.Type}'");
        Running? running = action.Module is null ? current : instances.GetValueOrDefault(action.Module);
        if (running is null) return Outcome.Failed(NoInstance(action.Module));
        if (running.Instance is null) return running.Why;
        running.Store!.SetDeadline(LongestCommand);
        ComponentFunction function = running.Instance.Find(action.Field) as ComponentFunction
            ?? throw new KeyNotFoundException($"no exported function '{action.Field}'");
        try
        {
            return judge(function.Invoke([.. action.Arguments.Select(ComponentValues.Parse)]));
        }
        catch (UnsupportedComponentException e)
        {
            // The call stopped in the middle: what follows on the instance says nothing any more.
            Outcome outcome = Unsupported(running.Loaded, e);
            running.Stop(outcome);
            return outcome;
        }
    }

    private Outcome AssertReturn(ScriptCommand command) => Act(command, found =>
    {
        if (command.Expected.Count > 1) return Outcome.Failed($"a script that expects at most one result, found {command.Expected.Count}");
        ComponentValue? expected = command.Expected.Count == 0 ? null : ComponentValues.Parse(command.Expected[0]);
        return expected == found ? Outcome.Passed : Outcome.Failed(ComponentValues.Describe(expected), ComponentValues.Describe(found));
    });

    private Outcome AssertTrap(ScriptCommand command)
    {
        try
        {
            return Act(command, found => Outcome.Failed($"the trap '{command.Text}'", ComponentValues.Describe(found)));
        }
        catch (Exception e) when (e is ComponentTrapException or WasmTrapException)
        {
            return Judge(command.Text, e);
        }
    }

    private Outcome AssertRejected(ScriptCommand command)
    {
        if (command.BinaryFile is not { } file) return Outcome.Skipped(CoreHarness.NeedsText);
        try
        {
            ComponentValidator.Validate(ComponentReader.Read(folder.File(file), file));
            return Outcome.Failed($"a rejection ({command.Text})", "a valid component");
        }
        catch (WasmException)
        {
            return Outcome.Passed;
        }
    }

    private Outcome AssertUnlinkable(ScriptCommand command)
    {
        if (Load(command) is not { } component) return Outcome.Skipped(CoreHarness.NeedsText);
        try
        {
            Instantiate(component);
            return Outcome.Failed($"a link error ({command.Text})", "an instance");
        }
        catch (ComponentLinkException)
        {
            return Outcome.Passed;
        }
        catch (UnsupportedComponentException e)
        {
            return Unsupported(component, e);
        }
    }

    private Outcome AssertUninstantiable(ScriptCommand command)
    {
        if (Load(command) is not { } component) return Outcome.Skipped(CoreHarness.NeedsText);
        try
        {
            Instantiate(component);
            return Outcome.Failed($"the trap '{command.Text}'", "an instance");
        }
        catch (Exception e) when (e is ComponentTrapException or WasmTrapException)
        {
            return Judge(command.Text, e);
        }
        catch (UnsupportedComponentException e)
        {
            return Unsupported(component, e);
        }
    }

    // The guests of the suite check their own results and say by an unreachable instruction that one is wrong; that is not the trap of a rule.
    private static Outcome Judge(string? text, Exception trap)
    {
        bool agrees = trap is not WasmTrapException { Kind: var kind }
            || (kind is not (TrapKind.StackOverflow or TrapKind.Deadline or TrapKind.OutOfFuel)
                && kind == TrapKind.Unreachable == (text?.Contains("unreachable", StringComparison.Ordinal) ?? false));
        return agrees ? Outcome.Passed : Outcome.Failed($"the trap '{text}'", trap.Message);
    }

    private Loaded? Load(ScriptCommand command) =>
        command.BinaryFile is { } file ? new Loaded(CompiledComponent.Compile(engine, ComponentReader.Read(folder.File(file), file))) : null;

    private Running Instantiate(Loaded component)
    {
        // First what it needs from the host, of which there is nothing here.
        PreparedComponent prepared = component.Prepared ??= new ComponentLinker(engine).Prepare(component.Compiled);
        var store = new ComponentStore(engine);
        stores.Add(store);
        store.SetDeadline(LongestCommand);
        return new Running(component, store, prepared.Instantiate(store), Outcome.Passed);
    }

    private static string NoInstance(string? name) =>
        name is null ? "there is no current instance: the component before was refused" : $"there is no instance '{name}'";

    /// <summary>A definition and, once it was instantiated, what it was linked to.</summary>
    private sealed record Loaded(CompiledComponent Compiled)
    {
        public PreparedComponent? Prepared { get; set; }
    }

    /// <summary>An instance in its store; or, where it could not be made, why commands that need it are skipped.</summary>
    private sealed record Running(Loaded Loaded, ComponentStore? Store, ComponentInstance? Instance, Outcome Why)
    {
        public ComponentInstance? Instance { get; private set; } = Instance;

        public Outcome Why { get; private set; } = Why;

        public void Stop(Outcome why) => (Instance, Why) = (null, why);
    }
}
