using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>The identifier of a component's section.</summary>
public enum ComponentSectionId : byte
{
    Custom = 0,
    CoreModule = 1,
    CoreInstance = 2,
    CoreType = 3,
    Component = 4,
    Instance = 5,
    Alias = 6,
    Type = 7,
    Canon = 8,
    Start = 9,
    Import = 10,
    Export = 11,
    Value = 12,
}

/// <summary>One section as it stands in the component; sections come in any order and repeatedly.</summary>
/// <param name="Id">Which.</param>
/// <param name="Offset">The byte offset of its content in the outermost component.</param>
/// <param name="Size">The bytes of its content.</param>
/// <param name="Encoding">How it was written.</param>
/// <param name="Definitions">What it defines, in order; one for the kinds that hold a single thing.</param>
public sealed record ComponentSection(
    ComponentSectionId Id, long Offset, long Size, SectionEncoding Encoding, IReadOnlyList<Definition> Definitions);

/// <summary>
/// A component as the binary format gives it (Component Model, "Binary.md"): indices are not resolved. Core modules and custom
/// sections are slices of the bytes it was read from, which must not change. Safe to read from any thread.
/// </summary>
public sealed class Component
{
    /// <summary>What messages call the outermost component: a file name, or a digest.</summary>
    public required string DisplayName { get; init; }

    /// <summary>The bytes it was read from.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The byte offset of its first byte in the outermost component.</summary>
    public required long Offset { get; init; }

    /// <summary>All sections in the order in which they stand.</summary>
    public IReadOnlyList<ComponentSection> Sections { get; internal set; } = [];

    /// <summary>All definitions in order: the order in which they are validated and instantiated.</summary>
    public IEnumerable<Definition> Definitions
    {
        get
        {
            foreach (ComponentSection section in Sections)
            {
                foreach (Definition definition in section.Definitions) yield return definition;
            }
        }
    }

    /// <summary>Its custom sections, those of nested components left out.</summary>
    public IEnumerable<CustomSection> CustomSections
    {
        get
        {
            foreach (Definition definition in Definitions)
            {
                if (definition is CustomDefinition custom) yield return custom.Section;
            }
        }
    }
}
