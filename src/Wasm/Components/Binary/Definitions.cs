using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>A sort of the component level: the first byte of a <c>sortidx</c>.</summary>
public enum Sort : byte
{
    Core = 0,
    Func = 1,
    Value = 2,
    Type = 3,
    Component = 4,
    Instance = 5,
}

/// <summary>A sort of the core level.</summary>
public enum CoreSort : byte
{
    Func = 0x00,
    Table = 0x01,
    Memory = 0x02,
    Global = 0x03,
    Tag = 0x04,
    Type = 0x10,
    Module = 0x11,
    Instance = 0x12,
}

/// <summary>A sort with its core sort where it is <see cref="Binary.Sort.Core"/>.</summary>
public readonly record struct AnySort(Sort Sort, CoreSort Core = default)
{
    public override string ToString() =>
        Sort == Sort.Core ? $"core {Core.ToString().ToLowerInvariant()}" : Sort.ToString().ToLowerInvariant();
}

/// <summary>An index into the index space of a sort.</summary>
public readonly record struct SortIndex(AnySort Sort, uint Index);

/// <summary>What an attribute of an import's or export's name says.</summary>
public enum NameAttributeKind : byte
{
    Implements = 0,
    VersionSuffix = 1,
    ExternalId = 2,
}

/// <summary>An attribute of a name.</summary>
public readonly record struct NameAttribute(NameAttributeKind Kind, string Value);

/// <summary>The name of an import or export.</summary>
/// <param name="Form">The byte before it: 0 and 1 mean the same, 2 has attributes.</param>
/// <param name="Name">The name itself.</param>
/// <param name="Attributes">Its attributes.</param>
public sealed record ExternName(byte Form, string Name, IReadOnlyList<NameAttribute> Attributes)
{
    /// <summary>The interface that it implements by its attribute, or <see langword="null"/>.</summary>
    public string? Implements
    {
        get
        {
            foreach (NameAttribute attribute in Attributes)
            {
                if (attribute.Kind == NameAttributeKind.Implements) return attribute.Value;
            }

            return null;
        }
    }
}

/// <summary>One definition or, in a type, one declarator.</summary>
/// <param name="Offset">Its byte offset in the outermost component.</param>
public abstract record Definition(long Offset);

public sealed record CustomDefinition(CustomSection Section, long Offset) : Definition(Offset);

/// <summary>A core module; offsets in it count from its own first byte.</summary>
public sealed record CoreModuleDefinition(Module Module, long Offset) : Definition(Offset);

/// <summary>A component inside.</summary>
public sealed record NestedComponentDefinition(Component Component, long Offset) : Definition(Offset);

/// <summary>A core instance made from a module; each argument is a core instance.</summary>
public sealed record CoreInstantiation(uint Module, (string Name, uint Instance)[] Arguments, long Offset) : Definition(Offset);

/// <summary>A core instance put together from definitions.</summary>
public sealed record CoreInlineExports((string Name, CoreSort Sort, uint Index)[] Exports, long Offset) : Definition(Offset);

/// <summary>An instance made from a component.</summary>
public sealed record Instantiation(uint Component, (string Name, SortIndex Item)[] Arguments, long Offset) : Definition(Offset);

/// <summary>An instance put together from definitions.</summary>
public sealed record InlineExports((ExternName Name, SortIndex Item)[] Exports, long Offset) : Definition(Offset);

/// <summary>An alias of an instance's export.</summary>
public sealed record ExportAlias(AnySort Sort, uint Instance, string Name, long Offset) : Definition(Offset);

/// <summary>An alias of a core instance's export.</summary>
public sealed record CoreExportAlias(AnySort Sort, uint Instance, string Name, long Offset) : Definition(Offset);

/// <summary>An alias of a definition of an enclosing scope, <see cref="Count"/> scopes outward.</summary>
public sealed record OuterAlias(AnySort Sort, uint Count, uint Index, long Offset) : Definition(Offset);

/// <summary>Core types that may refer to one another.</summary>
/// <param name="Group">The types; <see cref="RecursiveGroup.FirstIndex"/> means nothing here.</param>
/// <param name="IsPrefixed">Whether a zero byte stands before it, as it must before <c>sub</c>.</param>
/// <param name="Offset">Its byte offset.</param>
public sealed record CoreTypeDefinition(RecursiveGroup Group, bool IsPrefixed, long Offset) : Definition(Offset);

/// <summary>The type of a core module.</summary>
public sealed record CoreModuleTypeDefinition(IReadOnlyList<Definition> Declarations, long Offset) : Definition(Offset);

/// <summary>An import of a core module type.</summary>
public sealed record CoreImportDeclaration(Import Import, long Offset) : Definition(Offset);

/// <summary>An export of a core module type; <see cref="Import.Name"/> is its name.</summary>
public sealed record CoreExportDeclaration(Import Export, long Offset) : Definition(Offset);

/// <summary>A type.</summary>
public sealed record TypeDefinition(TypeExpression Type, long Offset) : Definition(Offset);

/// <summary>The start function. Values are not run yet.</summary>
public sealed record StartDefinition(uint Function, uint[] Arguments, uint Results, long Offset) : Definition(Offset);

public sealed record ImportDefinition(ExternName Name, ExternTypeUse Type, long Offset) : Definition(Offset);

public sealed record ExportDefinition(ExternName Name, SortIndex Item, ExternTypeUse? Type, long Offset) : Definition(Offset);

/// <summary>An export of a component or instance type.</summary>
public sealed record ExportDeclaration(ExternName Name, ExternTypeUse Type, long Offset) : Definition(Offset);

/// <summary>The type of an import or export, by index.</summary>
/// <param name="Sort">What it is.</param>
/// <param name="Index">The type's index; for a value, that of the value it equals.</param>
/// <param name="IsBoundedByIndex">For a type or a value, whether it is <c>(eq i)</c>.</param>
/// <param name="Value">The type of a value that is not bounded by an index.</param>
public readonly record struct ExternTypeUse(AnySort Sort, uint Index, bool IsBoundedByIndex = true, ValTypeUse Value = default);
