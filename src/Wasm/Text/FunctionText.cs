using System.Globalization;
using System.Text;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Text;

/// <summary>Functions and constant expressions in the text format. For one thread at a time.</summary>
internal sealed class FunctionText(Module module, Identifiers identifiers, TypeText types, bool offsets)
{
    // Deeper blocks are not indented further, so that hostile nesting cannot make the text quadratic.
    private const int DeepestIndent = 40;

    // A run of locals costs five bytes of the module and may declare 2^32; the engine's own limit is far below this one.
    private const uint LocalsShown = 100_000;

    private const int Chunk = 16 * 1024;

    private static readonly Dictionary<uint, string> NoLocals = [];

    private readonly InstructionText instructions = new(identifiers, types);
    private readonly InstructionReader.Immediates immediates = new();
    private readonly StringBuilder text = new();
    private readonly string blankOffset = new(' ', Offset(module, 0).Length);

    /// <summary>Writes a function that the module defines.</summary>
    public void Write(TextWriter output, uint index, string indent)
    {
        int defined = (int)index - module.ImportCount(ExternalKind.Function);
        Dictionary<uint, string> locals = identifiers.Locals(index);
        AppendMargin(-1).Append(indent).Append("(func ");
        if (identifiers.Functions[index] is { } name) text.Append(name).Append(' ');
        text.Append(CultureInfo.InvariantCulture, $"(;{index};)");
        uint type = module.Functions[defined].TypeIndex;
        types.AppendTypeUse(text, type, locals).Append('\n');
        try
        {
            AppendBody(output, module.Bodies[defined], (uint)(types.FunctionType(type)?.Parameters.Length ?? 0), locals, indent + "  ");
        }
        finally
        {
            AppendMargin(-1).Append(indent).Append(")\n");
            output.Write(text);
            text.Clear();
        }
    }

    /// <summary>A constant expression on one line, without its <c>end</c>.</summary>
    public string Expression(Expression expression)
    {
        var line = new StringBuilder();
        var reader = new InstructionReader(expression.Code.Span, expression.Offset, module.DisplayName, immediates);
        while (!reader.AtEnd)
        {
            reader.Read(out Instruction instruction);
            if (instruction.Opcode == Opcode.End && reader.AtEnd) break;
            if (line.Length > 0) line.Append(' ');
            instructions.Append(line, instruction, immediates, NoLocals, 0);
        }

        return line.ToString();
    }

    private static string Offset(Module module, long offset)
    {
        int digits = module.Bytes.Length.ToString("x", CultureInfo.InvariantCulture).Length;
        return $"(;@{offset.ToString($"x{digits}", CultureInfo.InvariantCulture)};) ";
    }

    // Every line starts at the same column, whether it is an instruction or not.
    private StringBuilder AppendMargin(long offset)
    {
        if (offsets) text.Append(offset < 0 ? blankOffset : Offset(module, offset));
        return text;
    }

    private void AppendBody(TextWriter output, FunctionBody body, uint parameters, Dictionary<uint, string> locals, string indent)
    {
        var reader = new InstructionReader(body.Bytes.Span, body.Offset, module.DisplayName, immediates);
        var runs = new List<(uint Count, ValueType Type)>();
        reader.ReadLocals(runs);
        AppendLocals(runs, parameters, locals, indent);
        int depth = 0;
        while (!reader.AtEnd)
        {
            reader.Read(out Instruction instruction);
            if (instruction.Opcode == Opcode.End && reader.AtEnd) break;
            bool closes = instruction.Opcode is Opcode.End or Opcode.Else;
            if (closes && depth > 0) depth--;
            AppendMargin(body.Offset + instruction.Start).Append(indent).Append(' ', 2 * Math.Min(depth, DeepestIndent));
            instructions.Append(text, instruction, immediates, locals, depth);
            if (instruction.Opcode is Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable)
                text.Append(CultureInfo.InvariantCulture, $"  ;; label = @{depth + 1}");
            if (instruction.Opcode is Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable or Opcode.Else) depth++;
            text.Append('\n');
            if (text.Length < Chunk) continue;
            output.Write(text);
            text.Clear();
        }
    }

    private void AppendLocals(List<(uint Count, ValueType Type)> runs, uint first, Dictionary<uint, string> names, string indent)
    {
        if (runs.Count == 0) return;
        AppendMargin(-1).Append(indent);
        uint index = first;
        uint shown = 0;
        bool open = false;
        string separator = "";
        foreach ((uint count, ValueType type) in runs)
        {
            for (uint i = 0; i < count; i++, index++)
            {
                if (shown++ == LocalsShown)
                {
                    text.Append(open ? ")" : "").Append(" ;; and more locals than any engine takes\n");
                    return;
                }

                if (names.TryGetValue(index, out string? name))
                {
                    if (open) text.Append(')');
                    open = false;
                    types.Append(text.Append(separator).Append("(local ").Append(name).Append(' '), type).Append(')');
                }
                else
                {
                    if (!open) text.Append(separator).Append("(local");
                    open = true;
                    types.Append(text.Append(' '), type);
                }

                separator = " ";
            }
        }

        text.Append(open ? ")\n" : "\n");
    }
}
