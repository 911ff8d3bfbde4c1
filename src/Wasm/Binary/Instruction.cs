namespace Chain.Wasm.Binary;

/// <summary>The type of a block: none, one result, or a function type by index.</summary>
public readonly record struct BlockType
{
    private BlockType(ValueType result, int typeIndex)
    {
        Result = result;
        TypeIndexOrMinusOne = typeIndex;
    }

    private int TypeIndexOrMinusOne { get; }

    public static BlockType Empty { get; } = new(ValueType.Bottom, -1);

    /// <summary>The single result; meaningful where <see cref="HasResult"/>.</summary>
    public ValueType Result { get; }

    public bool HasResult => TypeIndexOrMinusOne < 0 && !Result.IsBottom;

    /// <summary>The function type that gives parameters and results, or <see langword="null"/>.</summary>
    public uint? TypeIndex => TypeIndexOrMinusOne >= 0 ? (uint)TypeIndexOrMinusOne : null;

    public static BlockType OfResult(ValueType result) => new(result, -1);

    public static BlockType OfType(uint index) => new(ValueType.Bottom, checked((int)index));
}

/// <summary>The four clauses of <c>try_table</c>.</summary>
public enum CatchKind : byte
{
    Catch = 0,
    CatchRef = 1,
    CatchAll = 2,
    CatchAllRef = 3,
}

/// <summary>A clause of <c>try_table</c>.</summary>
public readonly record struct CatchClause(CatchKind Kind, uint TagIndex, uint Label)
{
    /// <summary>Whether it names a tag.</summary>
    public bool HasTag => Kind is CatchKind.Catch or CatchKind.CatchRef;

    /// <summary>Whether it passes the exception itself on.</summary>
    public bool HasReference => Kind is CatchKind.CatchRef or CatchKind.CatchAllRef;
}

/// <summary>
/// One decoded instruction. Which members mean something follows from its <see cref="ImmediateKind"/>; immediates of variable
/// length are lists that the next instruction of the same reader overwrites.
/// </summary>
public struct Instruction
{
    /// <summary>Which instruction.</summary>
    public Opcode Opcode;

    /// <summary>Where it begins, in bytes from the start of what is read.</summary>
    public int Start;

    /// <summary>Where the next one begins.</summary>
    public int End;

    /// <summary>The first index, label, lane, count or memory index.</summary>
    public uint Index;

    /// <summary>The second index: a field, a table, a source, a lane.</summary>
    public uint Index2;

    /// <summary>The alignment of a memory access as a power of two.</summary>
    public uint Alignment;

    /// <summary>The offset of a memory access in bytes; the bits of a constant; the low half of 16 lanes or a v128 constant.</summary>
    public ulong Bits;

    /// <summary>The high half of 16 lanes or a v128 constant.</summary>
    public ulong BitsHigh;

    /// <summary>The type of a block.</summary>
    public BlockType Block;

    /// <summary>A reference type: of <c>ref.null</c>, of a cast's target, or the source of <c>br_on_cast</c>.</summary>
    public ValueType Type;

    /// <summary>The target of <c>br_on_cast</c>.</summary>
    public ValueType Type2;
}
