namespace Chain.Wasm.Validation;

/// <summary>Interns the types of all modules of one engine. Safe for any thread.</summary>
public sealed class TypeRegistry
{
}
