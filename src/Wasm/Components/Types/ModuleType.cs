using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Types;

/// <summary>The type of something that a core module imports or exports; type indices in it are those of the type registry.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="TypeId">The type of a function or tag.</param>
/// <param name="Table">The type of a table.</param>
/// <param name="Memory">The type of a memory.</param>
/// <param name="Global">The type of a global.</param>
public sealed record CoreExternType(ExternalKind Kind, int TypeId, TableType Table, MemoryType Memory, GlobalType Global);

/// <summary>The type of a core module.</summary>
/// <param name="Imports">By both of their names.</param>
/// <param name="Exports">By their name.</param>
public sealed record ModuleType(
    IReadOnlyDictionary<(string Module, string Name), CoreExternType> Imports, IReadOnlyDictionary<string, CoreExternType> Exports);
