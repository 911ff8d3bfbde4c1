using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Writes CIL in its shortest forms and counts what the JIT counts before it decides whether to optimise a method at all.
/// </summary>
internal sealed class CilWriter(ILGenerator il)
{
    // RyuJIT falls back to unoptimised code past any of these (measured, see docs/engine.md).
    public const int OptimisedCodeBytes = 60_000;
    public const int OptimisedInstructions = 20_000;
    public const int OptimisedBlocks = 2_000;
    public const int OptimisedLocals = 2_000;
    public const int OptimisedLocalReferences = 8_000;

    private readonly Dictionary<Type, LocalBuilder> scratch = [];

    public int Instructions { get; private set; }

    /// <summary>An estimate of the basic blocks: labels and the places after branches.</summary>
    public int Blocks { get; private set; } = 1;

    public int Locals { get; private set; }

    /// <summary>What the locals take in a frame where none is kept in a register.</summary>
    public int LocalBytes { get; private set; }

    public int LocalReferences { get; private set; }

    public int CodeBytes => il.ILOffset;

    /// <summary>Whether the JIT will leave the method unoptimised.</summary>
    public bool IsPastOptimisation =>
        CodeBytes > OptimisedCodeBytes || Instructions > OptimisedInstructions || Blocks > OptimisedBlocks
        || Locals > OptimisedLocals || LocalReferences > OptimisedLocalReferences;

    public LocalBuilder DeclareLocal(Type type)
    {
        Locals++;
        LocalBytes += type == typeof(Value) ? Unsafe.SizeOf<Value>() : type == typeof(Vector128<byte>) ? 16 : 8;
        return il.DeclareLocal(type);
    }

    /// <summary>A local for the time between two neighbouring instructions of the guest.</summary>
    public LocalBuilder Scratch(Type type)
    {
        if (!scratch.TryGetValue(type, out LocalBuilder? local)) scratch.Add(type, local = DeclareLocal(type));
        return local;
    }

    public Label DefineLabel() => il.DefineLabel();

    public void Mark(Label label)
    {
        Blocks++;
        il.MarkLabel(label);
    }

    public void Emit(OpCode opcode)
    {
        Instructions++;
        if (opcode.FlowControl is FlowControl.Return or FlowControl.Throw) Blocks++;
        il.Emit(opcode);
    }

    public void Branch(OpCode opcode, Label target)
    {
        Instructions++;
        if (opcode.FlowControl == FlowControl.Cond_Branch) Blocks++;
        il.Emit(opcode, target);
    }

    public void Switch(Label[] targets)
    {
        Instructions++;
        Blocks++;
        il.Emit(OpCodes.Switch, targets);
    }

    public void Call(MethodInfo method)
    {
        Instructions++;
        il.Emit(OpCodes.Call, method);
    }

    public void New(ConstructorInfo constructor)
    {
        Instructions++;
        il.Emit(OpCodes.Newobj, constructor);
    }

    public void CallIndirect(Type returnType, Type[] parameterTypes)
    {
        Instructions++;
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, returnType, parameterTypes, null);
    }

    public void Field(OpCode opcode, FieldInfo field)
    {
        Instructions++;
        il.Emit(opcode, field);
    }

    public void OfType(OpCode opcode, Type type)
    {
        Instructions++;
        il.Emit(opcode, type);
    }

    public void Unaligned()
    {
        Instructions++;
        il.Emit(OpCodes.Unaligned, (byte)1);
    }

    public void Load(LocalBuilder local)
    {
        Instructions++;
        LocalReferences++;
        il.Emit(OpCodes.Ldloc, local);
    }

    public void Store(LocalBuilder local)
    {
        Instructions++;
        LocalReferences++;
        il.Emit(OpCodes.Stloc, local);
    }

    public void LoadAddress(LocalBuilder local)
    {
        Instructions++;
        LocalReferences++;
        il.Emit(OpCodes.Ldloca, local);
    }

    public void LoadArgument(int index)
    {
        Instructions++;
        LocalReferences++;
        switch (index)
        {
            case 0: il.Emit(OpCodes.Ldarg_0); break;
            case 1: il.Emit(OpCodes.Ldarg_1); break;
            case 2: il.Emit(OpCodes.Ldarg_2); break;
            case 3: il.Emit(OpCodes.Ldarg_3); break;
            case <= byte.MaxValue: il.Emit(OpCodes.Ldarg_S, (byte)index); break;
            default: il.Emit(OpCodes.Ldarg, (short)index); break;
        }
    }

    public void StoreArgument(int index)
    {
        Instructions++;
        LocalReferences++;
        if (index <= byte.MaxValue) il.Emit(OpCodes.Starg_S, (byte)index);
        else il.Emit(OpCodes.Starg, (short)index);
    }

    public void Constant(int value)
    {
        Instructions++;
        switch (value)
        {
            case -1: il.Emit(OpCodes.Ldc_I4_M1); break;
            case 0: il.Emit(OpCodes.Ldc_I4_0); break;
            case 1: il.Emit(OpCodes.Ldc_I4_1); break;
            case 2: il.Emit(OpCodes.Ldc_I4_2); break;
            case 3: il.Emit(OpCodes.Ldc_I4_3); break;
            case 4: il.Emit(OpCodes.Ldc_I4_4); break;
            case 5: il.Emit(OpCodes.Ldc_I4_5); break;
            case 6: il.Emit(OpCodes.Ldc_I4_6); break;
            case 7: il.Emit(OpCodes.Ldc_I4_7); break;
            case 8: il.Emit(OpCodes.Ldc_I4_8); break;
            case >= sbyte.MinValue and <= sbyte.MaxValue: il.Emit(OpCodes.Ldc_I4_S, (sbyte)value); break;
            default: il.Emit(OpCodes.Ldc_I4, value); break;
        }
    }

    public void Constant(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Constant((int)value);
            Emit(OpCodes.Conv_I8);
        }
        else if (value is >= 0 and <= uint.MaxValue)
        {
            Constant((int)(uint)value);
            Emit(OpCodes.Conv_U8);
        }
        else
        {
            Instructions++;
            il.Emit(OpCodes.Ldc_I8, value);
        }
    }

    public void Constant(float value)
    {
        Instructions++;
        il.Emit(OpCodes.Ldc_R4, value);
    }

    public void Constant(double value)
    {
        Instructions++;
        il.Emit(OpCodes.Ldc_R8, value);
    }

    public void BeginTry()
    {
        Blocks++;
        il.BeginExceptionBlock();
    }

    public void BeginCatch(Type type)
    {
        Blocks++;
        il.BeginCatchBlock(type);
    }

    public void EndTry()
    {
        Blocks++;
        il.EndExceptionBlock();
    }
}
