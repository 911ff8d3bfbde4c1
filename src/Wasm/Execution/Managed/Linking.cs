using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed;

/// <summary>Checks that what is given for imports matches (core specification, "Import Matching").</summary>
internal static class Linking
{
    /// <exception cref="ArgumentException">Something belongs to another store, which may be disposed of before this one.</exception>
    /// <exception cref="WasmLinkException">Something is missing or of another type; the message names it.</exception>
    public static void Check(ManagedModule module, ManagedStore store, IReadOnlyList<External> imports)
    {
        Import[] declared = module.Module.Imports;
        if (imports.Count != declared.Length)
        {
            throw new WasmLinkException(
                $"{module.Module.DisplayName}: {declared.Length} imports are declared, {imports.Count} were given");
        }

        for (int i = 0; i < declared.Length; i++)
        {
            if (StoreOf(imports[i]) is { } other && other != store)
                throw new ArgumentException($"the import \"{declared[i].Module}\" \"{declared[i].Name}\" belongs to another store", nameof(imports));
            if (!Matches(module, declared[i], imports[i], out string expected))
            {
                throw new WasmLinkException(
                    $"{module.Module.DisplayName}: incompatible import \"{declared[i].Module}\" \"{declared[i].Name}\": "
                    + $"expected {expected}, found {imports[i].Describe()}", declared[i].Offset);
            }
        }
    }

    private static ManagedStore? StoreOf(External external) => external switch
    {
        ManagedFunction function => function.OwnStore,
        ManagedMemory memory => memory.Store,
        ManagedTable table => table.Store,
        ManagedGlobal global => global.Store,
        _ => null,
    };

    private static bool Matches(ManagedModule module, Import import, External given, out string expected)
    {
        TypeRegistry types = module.OwnEngine.Types;
        int[] ids = module.Context.CanonicalIds;
        switch (import.Kind)
        {
            case ExternalKind.Function:
                int wanted = ids[import.TypeIndex];
                expected = $"function {types.Get(wanted).Composite}";
                return given is ManagedFunction function && types.IsSubtype(function.TypeId, wanted);
            case ExternalKind.Tag:
                expected = $"tag {types.Get(ids[import.TypeIndex]).Composite}";
                return given is ManagedTag tag && tag.TypeId == ids[import.TypeIndex];
            case ExternalKind.Memory:
                expected = import.Memory.ToString();
                return given is ManagedMemory memory && Matches(memory.Type.Limits, import.Memory.Limits);
            case ExternalKind.Table:
                TableType table = module.Canonical(import.Table);
                expected = table.ToString();
                return given is ManagedTable found && found.Type.Element == table.Element && Matches(found.Type.Limits, table.Limits);
            default:
                var global = new GlobalType(types.Canonicalize(import.Global.Value, ids), import.Global.Mutable);
                expected = $"global {global}";
                return given is ManagedGlobal variable && variable.Type.Mutable == global.Mutable
                    && (global.Mutable ? variable.Type.Value == global.Value : types.Matches(variable.Type.Value, global.Value));
        }
    }

    private static bool Matches(Limits given, Limits wanted) =>
        given.Is64 == wanted.Is64 && given.Minimum >= wanted.Minimum
        && (wanted.Maximum is not { } maximum || (given.Maximum is { } own && own <= maximum));
}
