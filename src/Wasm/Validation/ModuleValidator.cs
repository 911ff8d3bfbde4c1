using Chain.Wasm.Binary;

namespace Chain.Wasm.Validation;

/// <summary>Validates modules (core specification, "Validation / Modules"): WebAssembly 3.0 without threads. Safe for any thread.</summary>
public static class ModuleValidator
{
    /// <summary>Validates a whole module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="registry">The types of the modules it may link with; a fresh one where it is left out.</param>
    /// <exception cref="InvalidModuleException">The module breaks a rule.</exception>
    /// <exception cref="MalformedModuleException">A function body is not a sequence of instructions.</exception>
    public static ModuleContext Validate(Module module, TypeRegistry? registry = null)
    {
        ModuleContext context = ValidateDeclarations(module, registry ?? new TypeRegistry());
        return context;
    }

    /// <summary>Validates everything but the function bodies, which <see cref="FunctionValidator"/> may do later.</summary>
    internal static ModuleContext ValidateDeclarations(Module module, TypeRegistry registry) => throw new NotImplementedException();
}
