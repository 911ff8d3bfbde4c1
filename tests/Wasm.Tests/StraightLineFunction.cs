using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;
using Module = Chain.Wasm.Binary.Module;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>
/// A function without control flow, compiled to calls of <see cref="VectorOperations"/> and <see cref="NumericOperations"/> and to
/// nothing else that computes. So the specification's scripts drive these methods as compiled code does: inlined, optimised and with
/// constants that the JIT sees.
/// </summary>
internal sealed unsafe class StraightLineFunction
{
    /// <summary>The bytes that an argument or a result takes.</summary>
    public const int SlotSize = 16;

    private static readonly MethodInfo V128FromHalves = typeof(Vector128).GetMethod("Create", [typeof(ulong), typeof(ulong)])!;
    private static readonly MethodInfo V128AsBytes = typeof(Vector128).GetMethod("AsByte")!.MakeGenericMethod(typeof(ulong));

    private readonly delegate*<byte*, byte*, byte*, void> code;
    private readonly DynamicMethod keepAlive;

    private StraightLineFunction(DynamicMethod method)
    {
        keepAlive = method;
        var handle = (RuntimeMethodHandle)typeof(DynamicMethod)
            .GetMethod("GetMethodDescriptor", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(method, null)!;
        System.Runtime.CompilerServices.RuntimeHelpers.PrepareMethod(handle);
        code = (delegate*<byte*, byte*, byte*, void>)handle.GetFunctionPointer();
    }

    /// <summary>The methods under test, by opcode.</summary>
    public static IReadOnlyDictionary<Opcode, MethodInfo> Methods { get; } =
        new[] { typeof(VectorOperations), typeof(NumericOperations) }
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => Enum.TryParse<Opcode>(method.Name, out _))
            .ToDictionary(method => Enum.Parse<Opcode>(method.Name));

    /// <summary>Runs it on arguments of <see cref="SlotSize"/> bytes each; <paramref name="memory"/> is not checked against.</summary>
    public void Run(byte* arguments, byte* result, byte* memory)
    {
        code(arguments, result, memory);
        GC.KeepAlive(keepAlive);
    }

    /// <summary>Compiles a function; <see langword="null"/> where it takes more than the operations under test.</summary>
    /// <param name="withIntrinsics">Whether instructions become JIT intrinsics where there are some.</param>
    public static StraightLineFunction? TryCompile(Module module, uint index, bool withIntrinsics)
    {
        int imported = module.ImportCount(ExternalKind.Function);
        if (index < imported) return null;
        var type = (FunctionType)module.Types[module.Functions[index - imported].TypeIndex].Composite;
        if (type.Results.Length > 1) return null;
        var method = new DynamicMethod(
            "f", typeof(void), [typeof(byte*), typeof(byte*), typeof(byte*)], typeof(VectorOperations).Module, skipVisibility: true);
        var emitter = new Emitter(method.GetILGenerator(), withIntrinsics);
        return emitter.TryEmit(type, module.Bodies[index - imported]) ? new StraightLineFunction(method) : null;
    }

    /// <summary>A function that is one instruction, on the arguments of its method but for immediates.</summary>
    public static StraightLineFunction OfOperation(in Instruction instruction, bool withIntrinsics)
    {
        var method = new DynamicMethod(
            "f", typeof(void), [typeof(byte*), typeof(byte*), typeof(byte*)], typeof(VectorOperations).Module, skipVisibility: true);
        new Emitter(method.GetILGenerator(), withIntrinsics).EmitSingle(instruction);
        return new StraightLineFunction(method);
    }

    private sealed class Emitter(ILGenerator il, bool withIntrinsics)
    {
        private readonly List<LocalBuilder> locals = [];
        private readonly LocalBuilder[] scratch =
            [.. IntrinsicSequence.ScratchTypes.Select(il.DeclareLocal)];

        private int calls;

        public bool TryEmit(FunctionType type, FunctionBody body)
        {
            foreach (ValueType parameter in type.Parameters)
            {
                if (ClrType(parameter) is not { } clr) return false;
                LocalBuilder local = il.DeclareLocal(clr);
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldc_I4, SlotSize * locals.Count);
                il.Emit(OpCodes.Add);
                Load(clr);
                il.Emit(OpCodes.Stloc, local);
                locals.Add(local);
            }

            var reader = new InstructionReader(body.Bytes.Span, body.Offset, "(test)", new InstructionReader.Immediates());
            var runs = new List<(uint Count, ValueType Type)>();
            reader.ReadLocals(runs);
            foreach ((uint count, ValueType declared) in runs)
            {
                if (ClrType(declared) is not { } clr) return false;
                for (uint i = 0; i < count; i++) locals.Add(il.DeclareLocal(clr));
            }

            while (!reader.AtEnd)
            {
                reader.Read(out Instruction instruction);
                if (!TryEmit(in instruction)) return false;
            }

            if (type.Results is [var only])
            {
                if (ClrType(only) is not { } clr) return false;
                LocalBuilder result = il.DeclareLocal(clr);
                il.Emit(OpCodes.Stloc, result);
                il.Emit(OpCodes.Ldarg_1);
                il.Emit(OpCodes.Ldloc, result);
                Store(clr);
            }

            il.Emit(OpCodes.Ret);
            return calls > 0;
        }

        public void EmitSingle(in Instruction instruction)
        {
            MethodInfo method = Methods[instruction.Opcode];
            bool hasImmediate = OpcodeTable.Get(instruction.Opcode).Immediate
                is ImmediateKind.Lane or ImmediateKind.Lanes or ImmediateKind.MemoryArgumentLane;
            Type[] types = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
            for (int i = 0; i < types.Length - (hasImmediate ? 1 : 0); i++)
            {
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldc_I4, SlotSize * i);
                il.Emit(OpCodes.Add);
                Load(types[i]);
            }

            EmitOperation(instruction);
            LocalBuilder result = il.DeclareLocal(method.ReturnType);
            il.Emit(OpCodes.Stloc, result);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldloc, result);
            Store(method.ReturnType);
            il.Emit(OpCodes.Ret);
        }

        private bool TryEmit(in Instruction instruction)
        {
            switch (instruction.Opcode)
            {
                case Opcode.End or Opcode.Nop:
                    return true;
                case Opcode.LocalGet:
                    il.Emit(OpCodes.Ldloc, locals[(int)instruction.Index]);
                    return true;
                case Opcode.LocalSet:
                    il.Emit(OpCodes.Stloc, locals[(int)instruction.Index]);
                    return true;
                case Opcode.I32Const:
                    il.Emit(OpCodes.Ldc_I4, (int)instruction.Bits);
                    return true;
                case Opcode.I64Const:
                    il.Emit(OpCodes.Ldc_I8, (long)instruction.Bits);
                    return true;
                case Opcode.F32Const:
                    il.Emit(OpCodes.Ldc_I4, (int)instruction.Bits);
                    EmitOperation(new Instruction { Opcode = Opcode.F32ReinterpretI32 });
                    return true;
                case Opcode.F64Const:
                    il.Emit(OpCodes.Ldc_I8, (long)instruction.Bits);
                    EmitOperation(new Instruction { Opcode = Opcode.F64ReinterpretI64 });
                    return true;
                case Opcode.V128Const:
                    EmitV128(instruction);
                    return true;
                case Opcode.V128Load:
                    EmitAddress(instruction);
                    Load(typeof(Vector128<byte>));
                    return true;
                case Opcode.V128Store:
                    EmitStore(instruction, typeof(Vector128<byte>));
                    return true;
                case Opcode.I32Load:
                    EmitAddress(instruction);
                    Load(typeof(int));
                    return true;
                case Opcode.I64Load:
                    EmitAddress(instruction);
                    Load(typeof(long));
                    return true;
            }

            return Methods.TryGetValue(instruction.Opcode, out MethodInfo? method) && TryEmitOperation(instruction, method);
        }

        private bool TryEmitOperation(in Instruction instruction, MethodInfo method)
        {
            switch (OpcodeTable.Get(instruction.Opcode).Immediate)
            {
                case ImmediateKind.None or ImmediateKind.Lane or ImmediateKind.Lanes:
                    break;
                case ImmediateKind.MemoryArgument:
                    EmitAddress(instruction);
                    Load(method.GetParameters()[0].ParameterType);
                    break;
                case ImmediateKind.MemoryArgumentLane when method.ReturnType == typeof(Vector128<byte>):
                    LocalBuilder vector = il.DeclareLocal(typeof(Vector128<byte>));
                    il.Emit(OpCodes.Stloc, vector);
                    EmitAddress(instruction);
                    Load(method.GetParameters()[0].ParameterType);
                    il.Emit(OpCodes.Ldloc, vector);
                    break;
                case ImmediateKind.MemoryArgumentLane:
                    EmitOperation(instruction);
                    EmitStore(instruction, method.ReturnType);
                    return true;
                default:
                    return false;
            }

            EmitOperation(instruction);
            return true;
        }

        private void EmitOperation(in Instruction instruction)
        {
            ReadOnlySpan<IntrinsicStep> steps = !withIntrinsics ? default
                : instruction.Opcode >= Opcode.V128Load ? VectorIntrinsics.Find(instruction)
                : NumericIntrinsics.Find(instruction.Opcode);
            foreach (IntrinsicStep step in steps) EmitStep(step, (int)instruction.Index2);
            if (!steps.IsEmpty)
            {
                calls++;
                return;
            }

            switch (OpcodeTable.Get(instruction.Opcode).Immediate)
            {
                case ImmediateKind.Lane or ImmediateKind.MemoryArgumentLane:
                    il.Emit(OpCodes.Ldc_I4, (int)instruction.Index2);
                    break;
                case ImmediateKind.Lanes:
                    EmitV128(instruction);
                    break;
            }

            Call(instruction.Opcode);
        }

        private void EmitStep(IntrinsicStep step, int lane)
        {
            switch (step.Kind)
            {
                case IntrinsicStepKind.Call: il.Emit(OpCodes.Call, step.Method!); break;
                case IntrinsicStepKind.Plain: il.Emit(step.Instruction); break;
                case IntrinsicStepKind.Int32: il.Emit(OpCodes.Ldc_I4, (int)step.Value); break;
                case IntrinsicStepKind.Int64: il.Emit(OpCodes.Ldc_I8, step.Value); break;
                case IntrinsicStepKind.Lane: il.Emit(OpCodes.Ldc_I4, lane * (int)step.Value); break;
                case IntrinsicStepKind.Store: il.Emit(OpCodes.Stloc, scratch[step.Value]); break;
                case IntrinsicStepKind.Load: il.Emit(OpCodes.Ldloc, scratch[step.Value]); break;
            }
        }

        private void Call(Opcode opcode)
        {
            il.Emit(OpCodes.Call, Methods[opcode]);
            calls++;
        }

        private void EmitV128(in Instruction instruction)
        {
            il.Emit(OpCodes.Ldc_I8, (long)instruction.Bits);
            il.Emit(OpCodes.Ldc_I8, (long)instruction.BitsHigh);
            il.Emit(OpCodes.Call, V128FromHalves);
            il.Emit(OpCodes.Call, V128AsBytes);
        }

        private void EmitAddress(in Instruction instruction)
        {
            il.Emit(OpCodes.Conv_U8);
            il.Emit(OpCodes.Ldc_I8, (long)instruction.Bits);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Ldarg_2);
            il.Emit(OpCodes.Add);
        }

        private void EmitStore(in Instruction instruction, Type clr)
        {
            LocalBuilder value = il.DeclareLocal(clr);
            il.Emit(OpCodes.Stloc, value);
            EmitAddress(instruction);
            il.Emit(OpCodes.Ldloc, value);
            Store(clr);
        }

        private void Load(Type clr)
        {
            il.Emit(OpCodes.Unaligned, (byte)1);
            il.Emit(OpCodes.Ldobj, clr);
        }

        private void Store(Type clr)
        {
            il.Emit(OpCodes.Unaligned, (byte)1);
            il.Emit(OpCodes.Stobj, clr);
        }

        private static Type? ClrType(ValueType type) => type.Kind switch
        {
            ValueKind.I32 => typeof(int),
            ValueKind.I64 => typeof(long),
            ValueKind.F32 => typeof(float),
            ValueKind.F64 => typeof(double),
            ValueKind.V128 => typeof(Vector128<byte>),
            _ => null,
        };
    }
}
