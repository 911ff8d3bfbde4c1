namespace Chain.Wasm;

/// <summary>
/// What a module may declare at most. The figures are those of the JavaScript embedding ("Implementation-defined limits"), so a module
/// that browsers take is taken here; the last two are this implementation's own. A module past them is an
/// <see cref="InvalidModuleException"/>, as early as the reader meets the count.
/// </summary>
public static class ModuleLimits
{
    public const int Types = 1_000_000;
    public const int RecursiveGroups = 1_000_000;
    public const int Functions = 1_000_000;
    public const int Imports = 1_000_000;
    public const int Exports = 1_000_000;
    public const int Globals = 1_000_000;
    public const int Tags = 1_000_000;
    public const int Tables = 100_000;
    public const int Memories = 100;
    public const int DataSegments = 100_000;
    public const int ElementSegments = 10_000_000;

    /// <summary>Elements of one segment.</summary>
    public const int Elements = 10_000_000;

    /// <summary>Parameters of a function type.</summary>
    public const int Parameters = 1_000;

    /// <summary>Results of a function type.</summary>
    public const int Results = 1_000;

    /// <summary>Locals of a function, its parameters among them.</summary>
    public const int Locals = 50_000;

    /// <summary>Bytes of a function body.</summary>
    public const int FunctionBodyBytes = 7_654_321;

    /// <summary>Fields of a structure type.</summary>
    public const int StructFields = 10_000;

    /// <summary>Operands of <c>array.new_fixed</c>.</summary>
    public const int ArrayNewFixedOperands = 10_000;

    /// <summary>Supertypes above a type.</summary>
    public const int SubtypingDepth = 63;

    /// <summary>Pages of a memory with 32-bit addresses: 4 GiB.</summary>
    public const ulong Memory32Pages = 1UL << 16;

    /// <summary>Pages of a memory with 64-bit addresses.</summary>
    public const ulong Memory64Pages = 1UL << 48;

    /// <summary>Elements of a table with 32-bit addresses.</summary>
    public const ulong Table32Elements = uint.MaxValue;

    /// <summary>
    /// Operands on the stack of one function. A call of two bytes can push a thousand, so a body of the largest size would
    /// otherwise take gigabytes to check.
    /// </summary>
    public const int Operands = 1_000_000;

    /// <summary>Blocks inside one another.</summary>
    public const int BlockDepth = 1_000_000;
}
