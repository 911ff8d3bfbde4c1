namespace Chain.Wasm.Binary;

/// <summary>The identifier of a section.</summary>
public enum SectionId : byte
{
    Custom = 0,
    Type = 1,
    Import = 2,
    Function = 3,
    Table = 4,
    Memory = 5,
    Global = 6,
    Export = 7,
    Start = 8,
    Element = 9,
    Code = 10,
    Data = 11,
    DataCount = 12,
    Tag = 13,
}

/// <summary>
/// How one section was written where the binary format leaves a choice, so that writing it again gives the same bytes.
/// </summary>
public sealed class SectionEncoding
{
    /// <summary>
    /// The choices that were not the shortest one: (ordinal of the number or type within the section, bytes it took).
    /// For a reference type the number is 1 where the long form <c>0x63 ht</c> was used for a type that has a one-byte form.
    /// </summary>
    internal List<(int Ordinal, byte Width)> Choices { get; } = [];

    /// <summary>Bytes that the section's own size took.</summary>
    internal byte SizeWidth { get; set; }
}

/// <summary>One section as it stands in the module.</summary>
/// <param name="Id">Which.</param>
/// <param name="Offset">The byte offset of its content in the module.</param>
/// <param name="Size">The bytes of its content.</param>
/// <param name="Encoding">How it was written.</param>
/// <param name="Custom">The section itself where it is a custom one.</param>
public sealed record Section(SectionId Id, long Offset, long Size, SectionEncoding Encoding, CustomSection? Custom = null);

/// <summary>A custom section.</summary>
public sealed record CustomSection(string Name, ReadOnlyMemory<byte> Content, long Offset);

/// <summary>An expression in its binary form, with the final <c>end</c>.</summary>
/// <param name="Code">Its bytes: a slice of the module.</param>
/// <param name="Offset">Their byte offset in the module.</param>
public readonly record struct Expression(ReadOnlyMemory<byte> Code, long Offset);

/// <summary>An import.</summary>
/// <param name="Module">The first name.</param>
/// <param name="Name">The second name.</param>
/// <param name="Kind">What is imported.</param>
/// <param name="TypeIndex">The type of a function or tag.</param>
/// <param name="Table">The type of a table.</param>
/// <param name="Memory">The type of a memory.</param>
/// <param name="Global">The type of a global.</param>
/// <param name="Offset">Its byte offset in the module.</param>
public sealed record Import(
    string Module, string Name, ExternalKind Kind, uint TypeIndex, TableType Table, MemoryType Memory, GlobalType Global, long Offset);

/// <summary>An export.</summary>
public readonly record struct Export(string Name, ExternalKind Kind, uint Index, long Offset);

/// <summary>A table that the module defines, with its initializer where it has one.</summary>
public sealed record Table(TableType Type, Expression? Initializer, long Offset);

/// <summary>A memory that the module defines.</summary>
public readonly record struct Memory(MemoryType Type, long Offset);

/// <summary>A global that the module defines.</summary>
public sealed record Global(GlobalType Type, Expression Initializer, long Offset);

/// <summary>A function or tag that the module defines: its type index.</summary>
public readonly record struct TypeUse(uint TypeIndex, long Offset);

/// <summary>How a segment reaches its table or memory.</summary>
public enum SegmentMode : byte
{
    Passive,
    Active,
    Declarative,
}

/// <summary>An element segment.</summary>
/// <param name="Flags">The form it has in the binary format, 0 to 7.</param>
/// <param name="TableIndex">The table of an active segment.</param>
/// <param name="TableOffset">Where an active segment goes.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="FunctionIndices">Its elements where they are function indices, else <see langword="null"/>.</param>
/// <param name="Expressions">Its elements where they are expressions, else <see langword="null"/>.</param>
/// <param name="Offset">Its byte offset in the module.</param>
public sealed record ElementSegment(
    byte Flags, uint TableIndex, Expression? TableOffset, ValueType Type, uint[]? FunctionIndices, Expression[]? Expressions, long Offset)
{
    public SegmentMode Mode => (Flags & 1) == 0 ? SegmentMode.Active : (Flags & 2) == 0 ? SegmentMode.Passive : SegmentMode.Declarative;

    /// <summary>The number of its elements.</summary>
    public int Count => FunctionIndices?.Length ?? Expressions!.Length;
}

/// <summary>A data segment.</summary>
/// <param name="Flags">The form it has in the binary format: 0 active, 1 passive, 2 active with a memory index.</param>
/// <param name="MemoryIndex">The memory of an active segment.</param>
/// <param name="MemoryOffset">Where an active segment goes.</param>
/// <param name="Content">Its bytes: a slice of the module.</param>
/// <param name="Offset">Its byte offset in the module.</param>
public sealed record DataSegment(byte Flags, uint MemoryIndex, Expression? MemoryOffset, ReadOnlyMemory<byte> Content, long Offset)
{
    public SegmentMode Mode => Flags == 1 ? SegmentMode.Passive : SegmentMode.Active;
}

/// <summary>The body of a function: its locals and its expression, undecoded.</summary>
/// <param name="Bytes">A slice of the module.</param>
/// <param name="Offset">Its byte offset in the module.</param>
public readonly record struct FunctionBody(ReadOnlyMemory<byte> Bytes, long Offset);

/// <summary>
/// A core module as the binary format gives it. Bodies, data and custom sections are slices of the bytes it was read from, which must
/// not change. Safe to read from any thread.
/// </summary>
public sealed class Module
{
    /// <summary>What messages call the module: a file name, or a digest.</summary>
    public required string DisplayName { get; init; }

    /// <summary>The bytes it was read from.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>All sections in the order in which they stand.</summary>
    public IReadOnlyList<Section> Sections { get; internal set; } = [];

    public RecursiveGroup[] TypeGroups { get; internal set; } = [];

    /// <summary>All type definitions by type index.</summary>
    public SubType[] Types { get; internal set; } = [];

    public Import[] Imports { get; internal set; } = [];

    /// <summary>The functions that the module defines; <see cref="Bodies"/> has as many.</summary>
    public TypeUse[] Functions { get; internal set; } = [];

    public Table[] Tables { get; internal set; } = [];

    public Memory[] Memories { get; internal set; } = [];

    public TypeUse[] Tags { get; internal set; } = [];

    public Global[] Globals { get; internal set; } = [];

    public Export[] Exports { get; internal set; } = [];

    /// <summary>The function that runs when the module is instantiated.</summary>
    public uint? Start { get; internal set; }

    public ElementSegment[] Elements { get; internal set; } = [];

    /// <summary>The number that the data count section declares.</summary>
    public uint? DataCount { get; internal set; }

    public FunctionBody[] Bodies { get; internal set; } = [];

    public DataSegment[] Data { get; internal set; } = [];

    public CustomSection[] CustomSections { get; internal set; } = [];

    /// <summary>The number of imports of a kind: the first index that the module defines itself.</summary>
    public int ImportCount(ExternalKind kind) => importCounts[(int)kind];

    /// <summary>The names of functions and other things from the <c>name</c> section; empty where there is none or it is damaged.</summary>
    public NameSection Names => names ??= NameSection.Read(this);

    private readonly int[] importCounts = new int[5];
    private NameSection? names;

    internal void CountImports()
    {
        Array.Clear(importCounts);
        foreach (Import import in Imports) importCounts[(int)import.Kind]++;
    }
}
