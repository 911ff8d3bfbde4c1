using Chain.Wasm;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm.Spec;

/// <summary>Carries out the commands of a core script in a store of its own.</summary>
internal sealed class CoreHarness : ISpecHarness
{
    /// <summary>Why a module that only exists as text is skipped.</summary>
    public const string NeedsText = "needs a text parser";

    // No command of the suite takes a second; a hang is a failure, not the end of the run.
    private static readonly TimeSpan LongestCommand = TimeSpan.FromSeconds(60);

    private static readonly StoreLimits Limits = new() { MemoryBytes = 16L << 30 };

    private readonly ScriptFolder folder;
    private readonly Engine engine;
    private readonly Store store;
    private readonly Dictionary<string, Instance> instances = [];
    private readonly Dictionary<string, CompiledModule> definitions = [];
    private readonly Dictionary<string, Func<string, External?>> registered = [];
    private Instance? current;
    private CompiledModule? definition;

    public CoreHarness(ScriptFolder folder, Engine engine)
    {
        this.folder = folder;
        this.engine = engine;
        store = engine.CreateStore(Limits);
        IReadOnlyDictionary<string, External> host = SpecTestModule.Create(store);
        registered[SpecTestModule.Name] = name => host.GetValueOrDefault(name);
    }

    public Outcome Execute(ScriptCommand command)
    {
        store.SetDeadline(LongestCommand);
        return command.Type switch
        {
            "module" => DefineAndInstantiate(command),
            "module_definition" => Define(command),
            "module_instance" => InstantiateDefinition(command),
            "register" => Register(command),
            "action" => Act(command),
            "assert_return" => AssertReturn(command),
            "assert_trap" => AssertTrap(command),
            "assert_exhaustion" => AssertExhaustion(command),
            "assert_exception" => AssertException(command),
            "assert_malformed" => AssertMalformed(command),
            "assert_invalid" => AssertInvalid(command),
            "assert_unlinkable" => AssertUnlinkable(command),
            "assert_uninstantiable" => AssertUninstantiable(command),
            _ => Outcome.Failed($"unknown command type '{command.Type}'"),
        };
    }

    public void Dispose() => store.Dispose();

    private Outcome DefineAndInstantiate(ScriptCommand command)
    {
        // Where this fails, what follows must not run against the module before.
        current = null;
        if (command.Name is { } old) instances.Remove(old);
        if (Compile(command) is not { } module) return Outcome.Skipped(NeedsText);
        Keep(Instantiate(module), command.Name);
        return Outcome.Passed;
    }

    private Outcome Define(ScriptCommand command)
    {
        definition = null;
        if (Compile(command) is not { } module) return Outcome.Skipped(NeedsText);
        definition = module;
        if (command.Name is { } name) definitions[name] = module;
        return Outcome.Passed;
    }

    private Outcome InstantiateDefinition(ScriptCommand command)
    {
        current = null;
        CompiledModule? module = command.Module is { } name ? definitions.GetValueOrDefault(name) : definition;
        if (module is null) return Outcome.Failed($"no module definition {command.Module}");
        Keep(Instantiate(module), command.Instance);
        return Outcome.Passed;
    }

    private void Keep(Instance instance, string? name)
    {
        current = instance;
        if (name is not null) instances[name] = instance;
    }

    private Outcome Register(ScriptCommand command)
    {
        if (Find(command.Name) is not { } instance) return Outcome.Failed(NoInstance(command.Name));
        registered[command.As!] = instance.Find;
        return Outcome.Passed;
    }

    private Outcome Act(ScriptCommand command)
    {
        Perform(command);
        return Outcome.Passed;
    }

    private Outcome AssertReturn(ScriptCommand command)
    {
        Value[] found = Perform(command);
        if (found.Length != command.Expected.Count) return Outcome.Failed($"{command.Expected.Count} results", $"{found.Length}");
        for (int i = 0; i < found.Length; i++)
        {
            if (CoreValues.Matches(command.Expected[i], found[i], engine)) continue;
            string which = found.Length > 1 ? $" as result {i + 1}" : "";
            return Outcome.Failed(CoreValues.Describe(command.Expected[i]) + which, CoreValues.Describe(found[i], engine, command.Expected[i]));
        }

        return Outcome.Passed;
    }

    private Outcome AssertTrap(ScriptCommand command)
    {
        try
        {
            return Outcome.Failed($"the trap '{command.Text}'", Results(Perform(command)));
        }
        catch (WasmTrapException e)
        {
            return TrapTexts.Agrees(command.Text, e.Kind) ? Outcome.Passed : Outcome.Failed($"the trap '{command.Text}'", e.Message);
        }
    }

    private Outcome AssertExhaustion(ScriptCommand command)
    {
        try
        {
            return Outcome.Failed("an exhausted call stack", Results(Perform(command)));
        }
        catch (WasmTrapException e) when (e.Kind == TrapKind.StackOverflow)
        {
            return Outcome.Passed;
        }
    }

    private Outcome AssertException(ScriptCommand command)
    {
        try
        {
            return Outcome.Failed("an uncaught exception", Results(Perform(command)));
        }
        catch (WasmGuestException)
        {
            return Outcome.Passed;
        }
    }

    private Outcome AssertMalformed(ScriptCommand command)
    {
        try
        {
            return Compile(command) is null ? Outcome.Skipped(NeedsText) : Outcome.Failed($"a malformed module ({command.Text})", "a valid one");
        }
        catch (Exception e) when (e is MalformedModuleException or InvalidModuleException)
        {
            return Outcome.Passed;
        }
    }

    private Outcome AssertInvalid(ScriptCommand command)
    {
        try
        {
            return Compile(command) is null ? Outcome.Skipped(NeedsText) : Outcome.Failed($"an invalid module ({command.Text})", "a valid one");
        }
        catch (InvalidModuleException)
        {
            return Outcome.Passed;
        }
    }

    private Outcome AssertUnlinkable(ScriptCommand command)
    {
        if (Compile(command) is not { } module) return Outcome.Skipped(NeedsText);
        try
        {
            Instantiate(module);
            return Outcome.Failed($"a link error ({command.Text})", "an instance");
        }
        catch (WasmLinkException)
        {
            return Outcome.Passed;
        }
    }

    private Outcome AssertUninstantiable(ScriptCommand command)
    {
        if (Compile(command) is not { } module) return Outcome.Skipped(NeedsText);
        try
        {
            Instantiate(module);
            return Outcome.Failed($"the trap '{command.Text}'", "an instance");
        }
        catch (WasmTrapException e)
        {
            return TrapTexts.Agrees(command.Text, e.Kind) ? Outcome.Passed : Outcome.Failed($"the trap '{command.Text}'", e.Message);
        }
    }

    private CompiledModule? Compile(ScriptCommand command) =>
        command.BinaryFile is { } file ? engine.Compile(folder.File(file), file) : null;

    private Instance Instantiate(CompiledModule module) =>
        module.Instantiate(store, import => registered.GetValueOrDefault(import.Module)?.Invoke(import.Name));

    private Value[] Perform(ScriptCommand command)
    {
        ScriptAction action = command.Action ?? throw new FormatException("the command has no action");
        Instance instance = Find(action.Module) ?? throw new InvalidOperationException(NoInstance(action.Module));
        External? external = instance.Find(action.Field);
        if (action.Type == "get")
            return external is GlobalVariable global ? [global.Value] : throw new KeyNotFoundException($"no exported global '{action.Field}'");
        if (external is not Function function) throw new KeyNotFoundException($"no exported function '{action.Field}'");
        var arguments = new Value[action.Arguments.Count];
        for (int i = 0; i < arguments.Length; i++) arguments[i] = CoreValues.Parse(action.Arguments[i]);
        return function.Invoke(arguments);
    }

    private Instance? Find(string? name) => name is null ? current : instances.GetValueOrDefault(name);

    private static string NoInstance(string? name) =>
        name is null ? "there is no current instance: the module before was refused" : $"there is no instance '{name}'";

    private string Results(Value[] found) =>
        found.Length == 0 ? "a return without results" : $"the result {string.Join(", ", found.Select(value => CoreValues.Describe(value, engine)))}";
}
