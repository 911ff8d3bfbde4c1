using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>A component whose core modules are compiled. Shared by all its instances; safe for any thread.</summary>
public sealed class CompiledComponent
{
    private readonly Dictionary<Definition, CompiledModule> modules = new(ReferenceEqualityComparer.Instance);

    private CompiledComponent(Engine engine, ComponentContext context)
    {
        Engine = engine;
        Context = context;
        CompileModules(context);
    }

    public Engine Engine { get; }

    /// <summary>What it imports, exports and consists of.</summary>
    public ComponentContext Context { get; }

    /// <summary>What messages call it.</summary>
    public string DisplayName => Context.Component.DisplayName;

    /// <summary>Validates and compiles a component.</summary>
    /// <exception cref="InvalidComponentException">It is not valid.</exception>
    /// <exception cref="InvalidModuleException">A core module in it is not valid.</exception>
    public static CompiledComponent Compile(Engine engine, Component component) =>
        new(engine, ComponentValidator.Validate(component, engine.Types));

    /// <summary>The compiled form of a core module that stands in it, at any depth.</summary>
    internal CompiledModule ModuleOf(Definition definition) => modules[definition];

    private void CompileModules(ComponentContext context)
    {
        foreach ((Definition definition, var module) in context.Modules) modules.Add(definition, Engine.Compile(module));
        foreach (ComponentContext nested in context.Nested.Values) CompileModules(nested);
    }
}
