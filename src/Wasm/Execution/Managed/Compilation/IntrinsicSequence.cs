using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>What a step of an <see cref="IntrinsicSequence"/> emits.</summary>
internal enum IntrinsicStepKind : byte
{
    /// <summary>A call of <see cref="IntrinsicStep.Method"/>, which the JIT replaces by an instruction.</summary>
    Call,

    /// <summary>The CIL instruction <see cref="IntrinsicStep.Instruction"/>, which takes no argument.</summary>
    Plain,

    /// <summary>The constant i32 <see cref="IntrinsicStep.Value"/>.</summary>
    Int32,

    /// <summary>The constant i64 <see cref="IntrinsicStep.Value"/>.</summary>
    Int64,

    /// <summary>The lane immediate of the instruction, times <see cref="IntrinsicStep.Value"/>, as an i32.</summary>
    Lane,

    /// <summary>Pops into the scratch local of number <see cref="IntrinsicStep.Value"/>.</summary>
    Store,

    /// <summary>Pushes the scratch local of number <see cref="IntrinsicStep.Value"/>.</summary>
    Load,
}

/// <summary>One CIL instruction of an <see cref="IntrinsicSequence"/>.</summary>
internal readonly record struct IntrinsicStep(
    IntrinsicStepKind Kind, MethodInfo? Method = null, OpCode Instruction = default, long Value = 0);

/// <summary>Steps under construction; every method appends one or more.</summary>
internal sealed class IntrinsicSequence
{
    /// <summary>The types of the scratch locals, by number; all sequences in a function share them, and none survives its sequence.</summary>
    public static readonly Type[] ScratchTypes =
        [typeof(Vector128<byte>), typeof(Vector128<byte>), typeof(Vector128<byte>), typeof(int), typeof(int), typeof(long)];

    private readonly List<IntrinsicStep> steps = [];

    public IntrinsicStep[] Steps => [.. steps];

    public IntrinsicSequence Call(MethodInfo method) => Add(new IntrinsicStep(IntrinsicStepKind.Call, method));

    public IntrinsicSequence Plain(OpCode instruction) => Add(new IntrinsicStep(IntrinsicStepKind.Plain, null, instruction));

    public IntrinsicSequence Int32(int value) => Add(new IntrinsicStep(IntrinsicStepKind.Int32, Value: value));

    public IntrinsicSequence Lane(int factor = 1) => Add(new IntrinsicStep(IntrinsicStepKind.Lane, Value: factor));

    public IntrinsicSequence Store(int scratch) => Add(new IntrinsicStep(IntrinsicStepKind.Store, Value: scratch));

    public IntrinsicSequence Load(int scratch) => Add(new IntrinsicStep(IntrinsicStepKind.Load, Value: scratch));

    /// <summary>A vector constant.</summary>
    public IntrinsicSequence Constant(ulong low, ulong high) => Add(new IntrinsicStep(IntrinsicStepKind.Int64, Value: (long)low))
        .Add(new IntrinsicStep(IntrinsicStepKind.Int64, Value: (long)high))
        .Call(Intrinsics.Function("Create", typeof(ulong), typeof(ulong)));

    /// <summary>A vector constant whose halves are the same.</summary>
    public IntrinsicSequence Constant(ulong halves) => Constant(halves, halves);

    /// <summary>An operator of a vector with such lanes.</summary>
    public IntrinsicSequence Operator(string name, Type lane) => Call(Intrinsics.Operator(name, lane));

    /// <summary>A generic function of <see cref="Vector128"/> over such lanes.</summary>
    public IntrinsicSequence Generic(string name, Type lane) => Call(Intrinsics.Generic(name, lane));

    /// <summary>A function of <see cref="Vector128"/> that is overloaded by the type of its vectors.</summary>
    public IntrinsicSequence Overload(string name, Type lane) => Call(Intrinsics.Function(name, Intrinsics.Vector(lane)));

    /// <summary>A function of an instruction set class on vectors with such lanes.</summary>
    public IntrinsicSequence Hardware(Type set, string name, params Type[] lanes) =>
        Call(Intrinsics.Find(set, name, [.. lanes.Select(Intrinsics.Vector)]));

    private IntrinsicSequence Add(IntrinsicStep step)
    {
        steps.Add(step);
        return this;
    }
}

/// <summary>Looks up the methods that the JIT replaces by instructions.</summary>
internal static class Intrinsics
{
    public static Type Vector(Type lane) => typeof(Vector128<>).MakeGenericType(lane);

    public static MethodInfo Operator(string name, Type lane) => Vector(lane).GetMethods(BindingFlags.Static | BindingFlags.Public)
        .Single(method => method.Name == name && method.GetParameters() is var parameters
            && parameters.Skip(1).All(parameter => parameter.ParameterType == (name.EndsWith("Shift", StringComparison.Ordinal) ? typeof(int) : Vector(lane)))
            && (parameters.Length == 0 || parameters[0].ParameterType == Vector(lane)));

    public static MethodInfo Generic(string name, Type lane) => typeof(Vector128).GetMethods()
        .Single(method => method.Name == name && method.IsGenericMethodDefinition && method.GetGenericArguments().Length == 1
            && method.GetParameters() is [{ ParameterType.IsGenericType: true }, ..])
        .MakeGenericMethod(lane);

    public static MethodInfo Function(string name, params Type[] parameters) => Find(typeof(Vector128), name, parameters);

    public static MethodInfo Find(Type type, string name, params Type[] parameters) =>
        type.GetMethod(name, parameters) ?? throw new InvalidOperationException($"{type.Name} has no {name}");
}
