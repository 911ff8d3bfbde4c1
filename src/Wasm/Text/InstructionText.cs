using System.Globalization;
using System.Text;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Text;

/// <summary>One instruction in the text format (core specification, "Text Format / Instructions"), unfolded. For one thread.</summary>
internal sealed class InstructionText(Identifiers identifiers, TypeText types)
{
    /// <summary>Appends an instruction without indentation.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="instruction">What the reader gave.</param>
    /// <param name="immediates">The lists that the reader filled for it.</param>
    /// <param name="locals">The identifiers of the function's locals.</param>
    /// <param name="depth">How many blocks are open around it; branches say in a comment which of them they mean.</param>
    public void Append(
        StringBuilder text, in Instruction instruction, InstructionReader.Immediates immediates, Dictionary<uint, string> locals, int depth)
    {
        OpcodeInfo info = OpcodeTable.Get(instruction.Opcode);
        text.Append(info.Name);
        switch (info.Immediate)
        {
            case ImmediateKind.None: break;
            case ImmediateKind.BlockType: AppendBlockType(text, instruction.Block); break;
            case ImmediateKind.LabelIndex: AppendLabel(text, instruction.Index, depth); break;
            case ImmediateKind.LabelTable:
                foreach (uint label in immediates.Labels) AppendLabel(text, label, depth);
                AppendLabel(text, instruction.Index, depth);
                break;
            case ImmediateKind.FunctionIndex: AppendUse(text, identifiers.Functions, instruction.Index); break;
            case ImmediateKind.TypeIndex: AppendUse(text, identifiers.Types, instruction.Index); break;
            case ImmediateKind.GlobalIndex: AppendUse(text, identifiers.Globals, instruction.Index); break;
            case ImmediateKind.TableIndex: AppendUse(text, identifiers.Tables, instruction.Index); break;
            case ImmediateKind.TagIndex: AppendUse(text, identifiers.Tags, instruction.Index); break;
            case ImmediateKind.DataIndex: AppendUse(text, identifiers.Data, instruction.Index); break;
            case ImmediateKind.ElementIndex: AppendUse(text, identifiers.Elements, instruction.Index); break;
            case ImmediateKind.LocalIndex: text.Append(' ').Append(Identifiers.Use(locals, instruction.Index)); break;
            case ImmediateKind.MemoryIndex: AppendMemory(text, instruction.Index); break;
            case ImmediateKind.MemoryPair:
                if ((instruction.Index | instruction.Index2) == 0) break;
                AppendUse(text, identifiers.Memories, instruction.Index);
                AppendUse(text, identifiers.Memories, instruction.Index2);
                break;
            case ImmediateKind.TablePair:
                AppendUse(text, identifiers.Tables, instruction.Index);
                AppendUse(text, identifiers.Tables, instruction.Index2);
                break;
            case ImmediateKind.DataAndMemory:
                AppendMemory(text, instruction.Index2);
                AppendUse(text, identifiers.Data, instruction.Index);
                break;
            case ImmediateKind.ElementAndTable:
                AppendUse(text, identifiers.Tables, instruction.Index2);
                AppendUse(text, identifiers.Elements, instruction.Index);
                break;
            case ImmediateKind.TypeAndTable:
                if (instruction.Index2 != 0) AppendUse(text, identifiers.Tables, instruction.Index2);
                types.AppendTypeUse(text, instruction.Index);
                break;
            case ImmediateKind.TypeAndField:
                AppendUse(text, identifiers.Types, instruction.Index);
                text.Append(' ').Append(Identifiers.Use(identifiers.Fields(instruction.Index), instruction.Index2));
                break;
            case ImmediateKind.TypeAndCount:
                AppendUse(text, identifiers.Types, instruction.Index);
                text.Append(CultureInfo.InvariantCulture, $" {instruction.Index2}");
                break;
            case ImmediateKind.TypeAndData:
                AppendUse(text, identifiers.Types, instruction.Index);
                AppendUse(text, identifiers.Data, instruction.Index2);
                break;
            case ImmediateKind.TypeAndElement:
                AppendUse(text, identifiers.Types, instruction.Index);
                AppendUse(text, identifiers.Elements, instruction.Index2);
                break;
            case ImmediateKind.TypePair:
                AppendUse(text, identifiers.Types, instruction.Index);
                AppendUse(text, identifiers.Types, instruction.Index2);
                break;
            case ImmediateKind.ValueTypes: AppendSelectTypes(text, immediates.Types); break;
            case ImmediateKind.TryTable:
                AppendBlockType(text, instruction.Block);
                foreach (CatchClause clause in immediates.Catches) AppendCatch(text, clause, depth);
                break;
            case ImmediateKind.HeapType:
                text.Append(' ');
                if (instruction.Opcode == Opcode.RefNull) types.Append(text, instruction.Type.Heap);
                else types.AppendLongReference(text, instruction.Type);
                break;
            case ImmediateKind.BranchOnCast:
                AppendLabel(text, instruction.Index, depth);
                types.AppendLongReference(text.Append(' '), instruction.Type);
                types.AppendLongReference(text.Append(' '), instruction.Type2);
                break;
            case ImmediateKind.MemoryArgument: AppendMemoryArgument(text, instruction, info.Name); break;
            case ImmediateKind.MemoryArgumentLane:
                AppendMemoryArgument(text, instruction, info.Name);
                text.Append(CultureInfo.InvariantCulture, $" {instruction.Index2}");
                break;
            case ImmediateKind.Lane: text.Append(CultureInfo.InvariantCulture, $" {instruction.Index2}"); break;
            case ImmediateKind.Lanes:
                for (int i = 0; i < 16; i++)
                    text.Append(CultureInfo.InvariantCulture, $" {(byte)((i < 8 ? instruction.Bits : instruction.BitsHigh) >> (8 * (i % 8)))}");
                break;
            case ImmediateKind.I32: text.Append(CultureInfo.InvariantCulture, $" {(int)instruction.Bits}"); break;
            case ImmediateKind.I64: text.Append(CultureInfo.InvariantCulture, $" {(long)instruction.Bits}"); break;
            case ImmediateKind.F32: text.Append(' ').Append(TextLiteral.Float32((uint)instruction.Bits)); break;
            case ImmediateKind.F64: text.Append(' ').Append(TextLiteral.Float64(instruction.Bits)); break;
            case ImmediateKind.V128:
                text.Append(
                    CultureInfo.InvariantCulture,
                    $" i32x4 0x{(uint)instruction.Bits:x8} 0x{instruction.Bits >> 32:x8} 0x{(uint)instruction.BitsHigh:x8} 0x{instruction.BitsHigh >> 32:x8}");
                break;
            default: throw new InvalidOperationException($"no text for {info.Immediate}");
        }
    }

    /// <summary>The alignment that an access has when the text does not say one, as a power of two.</summary>
    internal static uint NaturalAlignment(string name)
    {
        // The width stands behind "load" or "store" where it is not that of the type in front of the point.
        int width = name.IndexOf("load", StringComparison.Ordinal) is >= 0 and int load ? load + 4 : name.IndexOf("store", StringComparison.Ordinal) + 5;
        ReadOnlySpan<char> rest = name.AsSpan(width);
        if (rest.StartsWith("8x8") || rest.StartsWith("16x4") || rest.StartsWith("32x2")) return 3;
        if (rest.StartsWith("8")) return 0;
        if (rest.StartsWith("16")) return 1;
        if (rest.StartsWith("32")) return 2;
        if (rest.StartsWith("64")) return 3;
        return name[0] == 'v' ? 4u : name[1] == '3' ? 2u : 3u;
    }

    private static void AppendUse(StringBuilder text, string?[] space, uint index) => text.Append(' ').Append(Identifiers.Use(space, index));

    private void AppendMemory(StringBuilder text, uint index)
    {
        if (index != 0) AppendUse(text, identifiers.Memories, index);
    }

    private void AppendMemoryArgument(StringBuilder text, in Instruction instruction, string name)
    {
        AppendMemory(text, instruction.Index);
        if (instruction.Bits != 0) text.Append(CultureInfo.InvariantCulture, $" offset={instruction.Bits}");
        // The text gives bytes; past 2^63 only an invalid module goes.
        if (instruction.Alignment != NaturalAlignment(name)) text.Append(CultureInfo.InvariantCulture, $" align={1UL << (int)instruction.Alignment}");
    }

    private static void AppendLabel(StringBuilder text, uint label, int depth)
    {
        text.Append(CultureInfo.InvariantCulture, $" {label}");
        if (label <= (uint)depth) text.Append(CultureInfo.InvariantCulture, $" (;@{depth - label};)");
    }

    private void AppendBlockType(StringBuilder text, BlockType type)
    {
        if (type.TypeIndex is { } index) types.AppendTypeUse(text, index);
        else if (type.HasResult) types.AppendList(text, "result", [type.Result]);
    }

    private void AppendSelectTypes(StringBuilder text, List<ValueType> list)
    {
        text.Append(" (result");
        foreach (ValueType type in list) types.Append(text.Append(' '), type);
        text.Append(')');
    }

    private void AppendCatch(StringBuilder text, CatchClause clause, int depth)
    {
        text.Append(clause.Kind switch
        {
            CatchKind.Catch => " (catch",
            CatchKind.CatchRef => " (catch_ref",
            CatchKind.CatchAll => " (catch_all",
            _ => " (catch_all_ref",
        });
        if (clause.HasTag) AppendUse(text, identifiers.Tags, clause.TagIndex);
        AppendLabel(text, clause.Label, depth);
        text.Append(')');
    }
}
