using System.Diagnostics.CodeAnalysis;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>
/// Types the instructions of function bodies and constant expressions, one body after another (core specification, appendix
/// "Validation Algorithm"). A compiler steps through a body with it: <see cref="ReadNext"/>, then ask for operand types, then
/// <see cref="Apply"/>. For one thread at a time.
/// </summary>
internal sealed class FunctionValidator(ModuleContext context)
{
    private readonly ModuleContext context = context;
    private readonly ControlFrame[] frames = new ControlFrame[16];
    private readonly ValueType[] locals = [];

    /// <summary>The types of the parameters, then of the locals.</summary>
    public ReadOnlySpan<ValueType> Locals => locals;

    /// <summary>The lists of the instruction that was read last.</summary>
    public InstructionReader.Immediates Immediates { get; } = new();

    /// <summary>The operands on the stack of the whole function.</summary>
    public int Height { get; private set; }

    /// <summary>Whether the rest of the innermost block cannot be reached.</summary>
    public bool IsUnreachable => frames[FrameCount - 1].Unreachable;

    /// <summary>The open blocks, the function itself among them; zero once its last <c>end</c> has been applied.</summary>
    public int FrameCount { get; private set; }

    /// <summary>An open block by its label: 0 is the innermost.</summary>
    public ref readonly ControlFrame Frame(int label) => ref frames[FrameCount - 1 - label];

    /// <summary>The type of an operand, counted from the top of the stack; the bottom type where unreachable code may have any.</summary>
    public ValueType Peek(int depth = 0) => throw new NotImplementedException();

    /// <summary>Begins a function that the module defines: reads its locals and opens its frame.</summary>
    /// <param name="functionIndex">Its index, imports counted.</param>
    /// <exception cref="WasmException">The locals are malformed, invalid or too many.</exception>
    public void Begin(uint functionIndex) => throw new NotImplementedException();

    /// <summary>Decodes the next instruction and does not apply it.</summary>
    /// <returns>Whether there was one: not after the final <c>end</c>.</returns>
    /// <exception cref="MalformedModuleException">The bytes are no instruction, or go on after the final <c>end</c>.</exception>
    public bool ReadNext(out Instruction instruction) => throw new NotImplementedException();

    /// <summary>Types an instruction: pops and pushes operands, opens and closes blocks.</summary>
    /// <exception cref="InvalidModuleException">It breaks a rule.</exception>
    public void Apply(in Instruction instruction) => throw new NotImplementedException();

    /// <summary>Validates one function that the module defines.</summary>
    /// <param name="functionIndex">Its index, imports counted.</param>
    public void ValidateBody(uint functionIndex) => throw new NotImplementedException();

    [DoesNotReturn]
    private void Fail(long offset, string what) => context.Fail(offset, what);
}
