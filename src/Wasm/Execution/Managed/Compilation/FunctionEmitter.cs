using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Compiles one function of a valid module to CIL in one pass. The body becomes a static method
/// <c>(parameters…, instance) → first result</c>; further results travel through the store's <see cref="NativeContext"/>.
/// </summary>
/// <remarks>
/// Every operand has a static height, a kind and a home (see <c>FunctionEmitter.Operands</c>), and every access to memory goes through
/// <c>FunctionEmitter.Memory</c>. A tag beside each value would be one more local per slot, parameter and local, moved wherever its value
/// is moved, and one more access beside each memory access; nothing else in the compiler would change.
/// </remarks>
internal sealed partial class FunctionEmitter
{
    private static readonly MethodInfo CreateVector = typeof(Vector128).GetMethod(nameof(Vector128.Create), [typeof(ulong), typeof(ulong)])!;
    private static readonly MethodInfo VectorAsByte = typeof(Vector128).GetMethod(nameof(Vector128.AsByte))!.MakeGenericMethod(typeof(ulong));
    private static readonly MethodInfo BitsToDouble = typeof(BitConverter).GetMethod(nameof(BitConverter.Int64BitsToDouble))!;

    // A leaf with a small frame fits what is kept free below every stack limit.
    private const int SmallFrameLocals = 64;

    private readonly ICodeSource code;
    private readonly ModuleContext context;
    private readonly bool measureFuel;
    private readonly CilWriter il;
    private readonly ClrSignature signature;
    private readonly SlotKind[] localKinds;
    private readonly LocalBuilder?[] locals;
    private readonly FunctionScan scan;
    private readonly InstructionReader.Immediates immediates = new();
    private readonly ReadOnlyMemory<byte> body;
    private readonly long bodyOffset;
    private readonly List<Action> deferred = [];
    private readonly KnownValues known = new();
    private LocalBuilder? nativeContext;
    private int nextLoop;

    /// <param name="code">Where the code of other functions is.</param>
    /// <param name="index">The function.</param>
    /// <param name="generator">Where the CIL goes.</param>
    /// <param name="initialised">Whether the CLR clears the method's locals.</param>
    /// <param name="options">What the engine was asked for.</param>
    public FunctionEmitter(ICodeSource code, uint index, ILGenerator generator, bool initialised, EngineOptions options)
    {
        this.initialised = initialised;
        this.index = index;
        this.code = code;
        context = code.Context;
        measureFuel = options.MeasureFuel;
        il = new CilWriter(generator);
        signature = code.SignatureOf(context.FunctionTypes[index]);
        FunctionBody definition = context.Module.Bodies[index - context.Module.ImportCount(ExternalKind.Function)];
        body = definition.Bytes;
        bodyOffset = definition.Offset;
        scan = FunctionScan.Of(body.Span, bodyOffset, context, signature.Results.Length, immediates);
        localKinds = [.. signature.Parameters, .. ReadLocalKinds(out codeStart)];
        locals = new LocalBuilder?[localKinds.Length];
        // Past this many blocks the JIT would not optimise; the other form of bounds check has none.
        checkByBranch = (2 * scan.ControlInstructions) + scan.MemoryAccesses < CilWriter.OptimisedBlocks - 100;
    }

    private readonly int codeStart;
    private readonly bool initialised;
    private readonly uint index;

    /// <summary>Counts of what was written.</summary>
    public CilWriter Written => il;

    /// <summary>An upper estimate of the native frame in bytes.</summary>
    public int FrameEstimate => il.LocalBytes + ((deepest + signature.ParameterTypes.Length) * 16) + 4096;

    private int deepest;

    public void Emit()
    {
        if (scan.IsTooLarge)
        {
            EmitRefusal();
            return;
        }

        EmitPrologue();
        frames.Add(new Frame(Opcode.Block, 0, [], signature.Results, 0, default) { Known = known.Save(0) });
        int position = codeStart;
        var reader = new InstructionReader(body.Span[position..], bodyOffset + position, context.Module.DisplayName, immediates);
        while (!reader.AtEnd)
        {
            reader.Read(out Instruction instruction);
            if (isUnreachable) SkipUnreachable(instruction);
            else EmitInstruction(instruction);
            deepest = Math.Max(deepest, height);
        }

        EmitReturnBlock();
        for (int i = 0; i < deferred.Count; i++) deferred[i]();
    }

    // The other functions of the module are none the worse for it.
    private void EmitRefusal()
    {
        LoadInstance();
        il.Constant((int)index);
        il.Call(Members.Method(typeof(Trap), nameof(Trap.MakeTooLarge)));
        il.Emit(OpCodes.Throw);
    }

    private List<SlotKind> ReadLocalKinds(out int end)
    {
        var reader = new InstructionReader(body.Span, bodyOffset, context.Module.DisplayName, immediates);
        var runs = new List<(uint Count, Binary.ValueType Type)>();
        reader.ReadLocals(runs);
        end = reader.Position;
        var kinds = new List<SlotKind>();
        foreach ((uint count, Binary.ValueType type) in runs)
        {
            for (uint i = 0; i < count; i++) kinds.Add(ClrSignature.KindOf(type));
        }

        return kinds;
    }

    private void EmitPrologue()
    {
        bool checkStack = scan.HasCalls || localKinds.Length > SmallFrameLocals || body.Length > 4096;
        if (checkStack || measureFuel)
        {
            nativeContext = il.DeclareLocal(typeof(nint));
            LoadInstance();
            il.Field(OpCodes.Ldfld, Members.Context);
            il.Store(nativeContext);
        }

        if (checkStack)
        {
            LocalBuilder probe = il.DeclareLocal(typeof(int));
            il.LoadAddress(probe);
            il.Emit(OpCodes.Conv_U);
            LoadContext(NativeContext.StackLimitOffset);
            // The JIT makes a loop of a tail call of the function itself, and would read the limit once before it.
            if (scan.HasTailCalls) il.Emit(OpCodes.Volatile);
            il.Emit(OpCodes.Ldind_I);
            TrapIf(OpCodes.Blt_Un, OpCodes.Bge_Un, nameof(Trap.MakeNoStack));
        }

        if (!initialised) ClearLocals();
        OpenMemories();
        if (measureFuel) EmitFuel(scan.EntryCost);
    }

    // What the CLR would clear in the prologue includes all that is written before it is read.
    private void ClearLocals()
    {
        for (uint i = (uint)signature.Parameters.Length; i < localKinds.Length; i++)
        {
            LoadConstant(new Operand(localKinds[i], Home.Constant, 0));
            StoreLocal(i);
        }
    }

    private void LoadInstance() => il.LoadArgument(signature.Parameters.Length);

    /// <summary>The address of a field of the native context.</summary>
    private void LoadContext(int offset)
    {
        il.Load(nativeContext!);
        if (offset == 0) return;
        il.Constant(offset);
        il.Emit(OpCodes.Add);
    }

    private void EmitFuel(int cost)
    {
        LoadContext(NativeContext.FuelOffset);
        LoadContext(NativeContext.FuelOffset);
        il.Emit(OpCodes.Ldind_I8);
        il.Constant((long)cost);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Stind_I8);
        LoadContext(NativeContext.FuelOffset);
        il.Emit(OpCodes.Ldind_I8);
        il.Constant(0L);
        TrapIf(OpCodes.Blt, OpCodes.Bge, nameof(Trap.MakeOutOfFuel));
    }

    /// <summary>Ends the loop of a guest whose time is over.</summary>
    private void EmitInterruptCheck()
    {
        // The flag is the largest number: adding to it overflows, and the boundary finds out why. The detour comes back, so the JIT does not
        // take the check for the loop's own condition and turn the loop around it, with one jump more a turn; and it has no call, for which
        // every variable of the loop would have to be in memory.
        LoadInterrupt();
        InCold(OpCodes.Brtrue, OpCodes.Brfalse, () =>
        {
            LoadInterrupt();
            il.Constant(1);
            il.Emit(OpCodes.Add_Ovf);
            il.Emit(OpCodes.Pop);
        });
    }

    private void LoadInterrupt()
    {
        LoadInstance();
        // Volatile, or the JIT would read it once before the loop.
        il.Emit(OpCodes.Volatile);
        il.Field(OpCodes.Ldfld, Members.Interrupt);
    }

    /// <summary>Runs code on a rare condition, out of the way where the method's regions allow it, and comes back.</summary>
    private void InCold(OpCode when, OpCode unless, Action emit)
    {
        if (tryDepth > 0)
        {
            Label past = il.DefineLabel();
            il.Branch(unless, past);
            emit();
            il.Mark(past);
            return;
        }

        Label cold = il.DefineLabel(), back = il.DefineLabel();
        il.Branch(when, cold);
        il.Mark(back);
        deferred.Add(() =>
        {
            il.Mark(cold);
            emit();
            il.Branch(OpCodes.Br, back);
        });
    }

    private readonly Dictionary<string, Label> trapLabels = [];

    /// <summary>Traps on a condition. The CIL stack holds what the branch takes, and nothing else.</summary>
    /// <param name="when">The branch that traps.</param>
    /// <param name="unless">Its opposite.</param>
    /// <param name="make">The method of <see cref="Trap"/> that makes the trap.</param>
    private void TrapIf(OpCode when, OpCode unless, string make)
    {
        if (tryDepth > 0)
        {
            Label past = il.DefineLabel();
            il.Branch(unless, past);
            EmitTrap(make);
            il.Mark(past);
            return;
        }

        if (!trapLabels.TryGetValue(make, out Label trap))
        {
            trapLabels.Add(make, trap = il.DefineLabel());
            deferred.Add(() =>
            {
                il.Mark(trap);
                EmitTrap(make);
            });
        }

        il.Branch(when, trap);
    }

    // A call and a throw: the JIT moves such a block out of the way and saves no register for it.
    private void EmitTrap(string make)
    {
        if (make == nameof(Trap.MakeNoStack)) LoadInstance();
        il.Call(Members.Method(typeof(Trap), make));
        il.Emit(OpCodes.Throw);
    }

    private void EmitInstruction(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.Nop: break;
            case Opcode.Drop: EmitDrop(); break;
            case Opcode.Select or Opcode.SelectTyped: EmitSelect(); break;
            case Opcode.LocalGet or Opcode.LocalSet or Opcode.LocalTee: EmitLocal(ins); break;
            case Opcode.I32Const: PushConstant(SlotKind.I32, ins.Bits); break;
            case Opcode.I64Const: PushConstant(SlotKind.I64, ins.Bits); break;
            case Opcode.F32Const: PushConstant(SlotKind.F32, ins.Bits); break;
            case Opcode.F64Const: PushConstant(SlotKind.F64, ins.Bits); break;
            case Opcode.V128Const: PushConstant(SlotKind.V128, ins.Bits, ins.BitsHigh); break;
            case Opcode.GlobalGet or Opcode.GlobalSet: EmitGlobal(ins); break;
            case >= Opcode.I32Load and <= Opcode.MemoryGrow: EmitMemory(ins); break;
            case >= Opcode.I32Eqz and <= Opcode.I64Extend32S: EmitNumeric(ins); break;
            case < Opcode.Drop or Opcode.TryTable: EmitControl(ins); break;
            case Opcode.BrOnNull or Opcode.BrOnNonNull or Opcode.BrOnCast or Opcode.BrOnCastFail: EmitReferenceBranch(ins); break;
            case >= Opcode.V128Load: EmitVector(ins); break;
            case >= Opcode.I32TruncSatF32S and <= Opcode.I64TruncSatF64U: EmitNumeric(ins); break;
            case >= Opcode.MemoryInit or Opcode.TableGet or Opcode.TableSet: EmitBulk(ins); break;
            default: EmitReference(ins); break;
        }
    }
}
