using Chain.Wasm.Binary;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm;

/// <summary>The types of a module's imports and exports as text.</summary>
internal sealed class ExternalTypes(Module module, ModuleText text)
{
    private readonly Import[][] imports =
        [.. Enum.GetValues<ExternalKind>().Select(kind => module.Imports.Where(import => import.Kind == kind).ToArray())];

    public string Of(Import import) => import.Kind switch
    {
        ExternalKind.Table => text.Type(import.Table),
        ExternalKind.Memory => Pages(import.Memory),
        ExternalKind.Global => text.Type(import.Global),
        _ => text.Signature(import.TypeIndex),
    };

    /// <summary>The type of what an export names; empty where an invalid module names what is not there.</summary>
    public string Of(Export export)
    {
        Import[] imported = imports[(int)export.Kind];
        if (export.Index < (uint)imported.Length) return Of(imported[export.Index]);
        long own = (long)export.Index - imported.Length;
        return export.Kind switch
        {
            ExternalKind.Function when own < module.Functions.Length => text.Signature(module.Functions[own].TypeIndex),
            ExternalKind.Table when own < module.Tables.Length => text.Type(module.Tables[own].Type),
            ExternalKind.Memory when own < module.Memories.Length => Pages(module.Memories[own].Type),
            ExternalKind.Global when own < module.Globals.Length => text.Type(module.Globals[own].Type),
            ExternalKind.Tag when own < module.Tags.Length => text.Signature(module.Tags[own].TypeIndex),
            _ => "",
        };
    }

    // Bare numbers would leave the reader guessing at the unit.
    private static string Pages(MemoryType type) =>
        (type.Limits.Is64 ? "i64 " : "") + (type.Limits.Maximum is { } maximum ? $"{type.Limits.Minimum} to {maximum} pages" : $"{type.Limits.Minimum} pages or more");
}
