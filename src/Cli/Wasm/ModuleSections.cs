using Chain.Wasm.Binary;

namespace Chain.Cli.Wasm;

/// <summary>The names that the commands give to sections and external kinds, and what stands in a section.</summary>
internal static class ModuleSections
{
    /// <summary>A section by the name a user types, or <see langword="null"/> where it can only be the name of a custom one.</summary>
    public static SectionId? Find(string name)
    {
        foreach (SectionId id in Enum.GetValues<SectionId>())
        {
            // "types" means what "type" does.
            if (string.Equals(name, Name(id), StringComparison.OrdinalIgnoreCase)) return id;
            if (string.Equals(name, Name(id) + "s", StringComparison.OrdinalIgnoreCase)) return id;
        }

        return name is "memories" ? SectionId.Memory : null;
    }

    public static string Name(Section section) => section.Custom?.Name ?? Name(section.Id);

    public static string Name(SectionId id) => id switch
    {
        SectionId.DataCount => "data-count",
        _ => id.ToString().ToLowerInvariant(),
    };

    public static string Name(ExternalKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The number of items in a section, or <see langword="null"/> where that means nothing.</summary>
    public static int? Items(Module module, SectionId id) => id switch
    {
        SectionId.Type => module.Types.Length,
        SectionId.Import => module.Imports.Length,
        SectionId.Function => module.Functions.Length,
        SectionId.Table => module.Tables.Length,
        SectionId.Memory => module.Memories.Length,
        SectionId.Tag => module.Tags.Length,
        SectionId.Global => module.Globals.Length,
        SectionId.Export => module.Exports.Length,
        SectionId.Element => module.Elements.Length,
        SectionId.Code => module.Bodies.Length,
        SectionId.Data => module.Data.Length,
        _ => null,
    };
}
