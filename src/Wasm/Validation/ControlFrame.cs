using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>An open block during validation (core specification, appendix "Validation Algorithm").</summary>
internal struct ControlFrame
{
    /// <summary>
    /// What opened it: block, loop, if, else (once it has been reached), try_table; <see cref="Opcode.Call"/> for the function itself.
    /// </summary>
    public Opcode Opcode;

    /// <summary>Whether the rest of it cannot be reached.</summary>
    public bool Unreachable;

    /// <summary>The operands on the stack below it; its parameters are above.</summary>
    public int Height;

    /// <summary>The types of its parameters.</summary>
    public ValueType[] StartTypes;

    /// <summary>The types of its results.</summary>
    public ValueType[] EndTypes;

    /// <summary>How many locals had been set when it began, of those that have no default.</summary>
    internal int SetLocals;

    /// <summary>The last br_table whose operands were checked against it.</summary>
    internal int CheckedBy;

    /// <summary>The types that a branch to it takes: its parameters for a loop, else its results.</summary>
    public readonly ValueType[] LabelTypes => Opcode == Opcode.Loop ? StartTypes : EndTypes;
}
