using System.Runtime.CompilerServices;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>
/// Types the instructions of function bodies and constant expressions, one body after another (core specification, appendix
/// "Validation Algorithm"). A compiler steps through a body with it: <see cref="ReadNext"/>, then ask for operand types, then
/// <see cref="Apply"/>. For one thread at a time.
/// </summary>
internal sealed partial class FunctionValidator
{
    private readonly ModuleContext context;
    private readonly Module module;
    private readonly List<(uint Count, ValueType Type)> runs = [];

    // The body at hand.
    private uint? function;
    private ReadOnlyMemory<byte> code;
    private long codeOffset;
    private int position;
    private ValueType[] results = [];

    // Its locals. Those without a default cannot be read before they are set.
    private ValueType[] locals = new ValueType[64];
    private int localCount;
    private bool[] unset = [];
    private bool anyUnset;
    private readonly List<uint> setLocals = [];

    /// <param name="context">The module, whose declarations are valid.</param>
    public FunctionValidator(ModuleContext context)
    {
        this.context = context;
        module = context.Module;
    }

    /// <summary>The types of the parameters, then of the locals.</summary>
    public ReadOnlySpan<ValueType> Locals => locals.AsSpan(0, localCount);

    /// <summary>The lists of the instruction that was read last.</summary>
    public InstructionReader.Immediates Immediates { get; } = new();

    /// <summary>Begins a function that the module defines: reads its locals and opens its frame.</summary>
    /// <param name="functionIndex">Its index, imports counted.</param>
    /// <exception cref="WasmException">The locals are malformed, invalid or too many.</exception>
    public void Begin(uint functionIndex)
    {
        FunctionType type = context.TypeOfFunction(functionIndex);
        FunctionBody body = module.Bodies[(int)functionIndex - module.ImportCount(ExternalKind.Function)];
        Reset(functionIndex, body.Bytes, body.Offset, type.Results);
        try
        {
            ReadLocals(type.Parameters);
        }
        catch (MalformedModuleException malformed)
        {
            throw InFunction(malformed);
        }

        PushFrame(Opcode.Call, [], type.Results);
    }

    /// <summary>Decodes the next instruction and does not apply it.</summary>
    /// <returns>Whether there was one: not after the final <c>end</c>.</returns>
    /// <exception cref="MalformedModuleException">The bytes are no instruction, or go on after the final <c>end</c>.</exception>
    public bool ReadNext(out Instruction instruction)
    {
        if (frameCount == 0)
        {
            CheckFinished();
            instruction = default;
            return false;
        }

        try
        {
            var reader = new InstructionReader(code.Span, codeOffset, module.DisplayName, Immediates, position);
            reader.Read(out instruction);
            position = reader.Position;
            return true;
        }
        catch (MalformedModuleException malformed)
        {
            throw InFunction(malformed);
        }
    }

    /// <summary>Validates one function that the module defines.</summary>
    /// <param name="functionIndex">Its index, imports counted.</param>
    /// <exception cref="WasmException">It is malformed or breaks a rule.</exception>
    public void ValidateBody(uint functionIndex)
    {
        Begin(functionIndex);
        Run();
    }

    /// <summary>Validates a constant expression.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="expected">The type of its result.</param>
    /// <param name="visibleGlobals">The number of globals that it may name.</param>
    /// <exception cref="WasmException">It is malformed, breaks a rule or is not constant.</exception>
    public void ConstantExpression(Expression expression, ValueType expected, int visibleGlobals)
    {
        ValueType[] result = SingleType(expected);
        Reset(null, expression.Code, expression.Offset, result);
        constant = true;
        constantGlobals = visibleGlobals;
        PushFrame(Opcode.Call, [], result);
        Run();
        constant = false;
    }

    [MethodImpl(FromTheStart)]
    private void Run()
    {
        var reader = new InstructionReader(code.Span, codeOffset, module.DisplayName, Immediates, position);
        try
        {
            do
            {
                reader.Read(out Instruction instruction);
                Apply(in instruction);
            }
            while (frameCount > 0);
        }
        catch (MalformedModuleException malformed)
        {
            throw InFunction(malformed);
        }

        position = reader.Position;
        CheckFinished();
    }

    private void Reset(uint? functionIndex, ReadOnlyMemory<byte> bytes, long offset, ValueType[] resultTypes)
    {
        function = functionIndex;
        code = bytes;
        codeOffset = offset;
        position = 0;
        results = resultTypes;
        localCount = 0;
        anyUnset = false;
        setLocals.Clear();
        height = 0;
        frameCount = 0;
        constant = false;
    }

    private void ReadLocals(ValueType[] parameters)
    {
        var reader = new InstructionReader(code.Span, codeOffset, module.DisplayName, Immediates);
        runs.Clear();
        reader.ReadLocals(runs);
        position = reader.Position;
        ulong total = (ulong)parameters.Length;
        foreach ((uint count, _) in runs) total += count;
        if (total > ModuleLimits.Locals) Fail(codeOffset, $"too many locals, expected at most {ModuleLimits.Locals}, found {total}");
        if (locals.Length < (int)total) locals = new ValueType[Math.Max((int)total, locals.Length * 2)];
        parameters.CopyTo(locals, 0);
        localCount = parameters.Length;
        foreach ((uint count, ValueType type) in runs)
        {
            CheckType(codeOffset, type);
            locals.AsSpan(localCount, (int)count).Fill(type);
            if (!type.IsDefaultable) MarkUnset(localCount, (int)count);
            localCount += (int)count;
        }
    }

    private void MarkUnset(int from, int count)
    {
        if (!anyUnset)
        {
            if (unset.Length < locals.Length) unset = new bool[locals.Length];
            else Array.Clear(unset);
            anyUnset = true;
        }

        unset.AsSpan(from, count).Fill(true);
    }

    private void CheckFinished()
    {
        if (position == code.Length) return;
        long offset = codeOffset + position;
        int more = code.Length - position;
        throw InFunction(new MalformedModuleException(
            $"malformed module {module.DisplayName} at 0x{offset:x}: expected the end of the function's bytes, found {more} more", offset));
    }

    private MalformedModuleException InFunction(MalformedModuleException malformed) =>
        function is { } index
            ? new MalformedModuleException($"{malformed.Message} ({context.Describe(index)})", malformed.Offset)
            : malformed;
}
