using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.Types;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>A number as it lies in memory; on the evaluation stack the small ones are 32-bit integers.</summary>
internal enum Scalar
{
    U8,
    S8,
    U16,
    S16,
    I32,
    I64,
    F32,
    F64,
}

/// <summary>Where a value of a guest's lies while a call moves it: in flat core values or in memory. Generates the code that reads and writes it.</summary>
internal abstract class Place
{
    /// <summary>Pushes a number that is the whole of the place, extended to 32 bits where it is smaller.</summary>
    public abstract void Load(ILGenerator il, Scalar scalar);

    /// <summary>Writes a number.</summary>
    public abstract void Store(ILGenerator il, Scalar scalar, Action push);

    /// <summary>The second of the two words of a pointer and length.</summary>
    public abstract Place SecondWord { get; }

    /// <summary>The members of a record or tuple.</summary>
    public abstract IEnumerable<Place> Members(IEnumerable<ValType> types);

    /// <summary>An element of a list of fixed length.</summary>
    public abstract Place Element(ValType type, int index);

    /// <summary>The payload of a variant.</summary>
    public abstract Place Payload(IReadOnlyList<ValType?> payloads);

    /// <summary>Writes zeros where a variant's payload may leave values unset.</summary>
    public abstract void ClearPayload(ILGenerator il, IReadOnlyList<ValType?> payloads);

    /// <summary>The number that a variant's case is written as.</summary>
    public static Scalar Discriminant(int cases) => cases <= 1 << 8 ? Scalar.U8 : cases <= 1 << 16 ? Scalar.U16 : Scalar.I32;
}

/// <summary>A value in memory, from an address that a local holds.</summary>
internal sealed class MemoryPlace(LocalBuilder address, int offset) : Place
{
    public override Place SecondWord => new MemoryPlace(address, offset + 4);

    public override void Load(ILGenerator il, Scalar scalar)
    {
        PushAddress(il);
        il.Emit(scalar switch
        {
            Scalar.U8 => OpCodes.Ldind_U1,
            Scalar.S8 => OpCodes.Ldind_I1,
            Scalar.U16 => OpCodes.Ldind_U2,
            Scalar.S16 => OpCodes.Ldind_I2,
            Scalar.I32 => OpCodes.Ldind_I4,
            Scalar.I64 => OpCodes.Ldind_I8,
            Scalar.F32 => OpCodes.Ldind_R4,
            _ => OpCodes.Ldind_R8,
        });
    }

    public override void Store(ILGenerator il, Scalar scalar, Action push)
    {
        PushAddress(il);
        push();
        il.Emit(scalar switch
        {
            Scalar.U8 or Scalar.S8 => OpCodes.Stind_I1,
            Scalar.U16 or Scalar.S16 => OpCodes.Stind_I2,
            Scalar.I32 => OpCodes.Stind_I4,
            Scalar.I64 => OpCodes.Stind_I8,
            Scalar.F32 => OpCodes.Stind_R4,
            _ => OpCodes.Stind_R8,
        });
    }

    public override IEnumerable<Place> Members(IEnumerable<ValType> types)
    {
        long at = 0;
        foreach (ValType type in types)
        {
            at = Layout.AlignTo(at, type.Layout.Alignment);
            yield return new MemoryPlace(address, offset + (int)at);
            at += type.Layout.Size;
        }
    }

    public override Place Element(ValType type, int index) => new MemoryPlace(address, offset + (int)(index * type.Layout.Size));

    public override Place Payload(IReadOnlyList<ValType?> payloads)
    {
        int discriminant = Layout.DiscriminantSize(payloads.Count);
        int alignment = payloads.Max(static payload => payload?.Layout.Alignment ?? 1);
        return new MemoryPlace(address, offset + (int)Layout.AlignTo(discriminant, alignment));
    }

    public override void ClearPayload(ILGenerator il, IReadOnlyList<ValType?> payloads)
    {
    }

    public void PushAddress(ILGenerator il)
    {
        il.Emit(OpCodes.Ldloc, address);
        if (offset == 0) return;
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Add);
    }
}

/// <summary>A value among flat core values (Canonical ABI, "Flattening"): arguments of the generated method, or locals.</summary>
/// <param name="slots">All of them.</param>
/// <param name="start">The first that belongs to the value.</param>
internal sealed class FlatPlace(IReadOnlyList<FlatSlot> slots, int start) : Place
{
    public override Place SecondWord => new FlatPlace(slots, start + 1);

    public override void Load(ILGenerator il, Scalar scalar)
    {
        FlatSlot slot = slots[start];
        slot.Push(il);
        Coerce(il, slot.Type, FlatTypeOf(scalar));
        switch (scalar)
        {
            case Scalar.U8: il.Emit(OpCodes.Conv_U1); break;
            case Scalar.S8: il.Emit(OpCodes.Conv_I1); break;
            case Scalar.U16: il.Emit(OpCodes.Conv_U2); break;
            case Scalar.S16: il.Emit(OpCodes.Conv_I2); break;
        }
    }

    public override void Store(ILGenerator il, Scalar scalar, Action push)
    {
        FlatSlot slot = slots[start];
        push();
        Coerce(il, FlatTypeOf(scalar), slot.Type);
        il.Emit(OpCodes.Stloc, slot.Local!);
    }

    public override IEnumerable<Place> Members(IEnumerable<ValType> types)
    {
        int at = start;
        foreach (ValType type in types)
        {
            yield return new FlatPlace(slots, at);
            at += CountOf(type);
        }
    }

    public override Place Element(ValType type, int index) => new FlatPlace(slots, start + (index * CountOf(type)));

    public override Place Payload(IReadOnlyList<ValType?> payloads) => new FlatPlace(slots, start + 1);

    public override void ClearPayload(ILGenerator il, IReadOnlyList<ValType?> payloads)
    {
        int most = payloads.Max(static payload => payload is null ? 0 : CountOf(payload));
        for (int i = 1; i <= most; i++)
        {
            FlatSlot slot = slots[start + i];
            if (slot.Type == ValueType.I64) il.Emit(OpCodes.Ldc_I8, 0L);
            else if (slot.Type == ValueType.F32) il.Emit(OpCodes.Ldc_R4, 0f);
            else if (slot.Type == ValueType.F64) il.Emit(OpCodes.Ldc_R8, 0d);
            else il.Emit(OpCodes.Ldc_I4_0);
            il.Emit(OpCodes.Stloc, slot.Local!);
        }
    }

    private static int CountOf(ValType type) => Flattening.Flatten(type)!.Count;

    private static ValueType FlatTypeOf(Scalar scalar) => scalar switch
    {
        Scalar.I64 => ValueType.I64,
        Scalar.F32 => ValueType.F32,
        Scalar.F64 => ValueType.F64,
        _ => ValueType.I32,
    };

    // The flat values of a variant's cases share slots ("join").
    private static void Coerce(ILGenerator il, ValueType from, ValueType to)
    {
        if (from == to) return;
        switch (from.Kind, to.Kind)
        {
            case (ValueKind.I32, ValueKind.I64): il.Emit(OpCodes.Conv_U8); break;
            case (ValueKind.I64, ValueKind.I32): il.Emit(OpCodes.Conv_I4); break;
            case (ValueKind.I32, ValueKind.F32): il.Emit(OpCodes.Call, Bits(nameof(BitConverter.Int32BitsToSingle))); break;
            case (ValueKind.F32, ValueKind.I32): il.Emit(OpCodes.Call, Bits(nameof(BitConverter.SingleToInt32Bits))); break;
            case (ValueKind.I64, ValueKind.F64): il.Emit(OpCodes.Call, Bits(nameof(BitConverter.Int64BitsToDouble))); break;
            case (ValueKind.F64, ValueKind.I64): il.Emit(OpCodes.Call, Bits(nameof(BitConverter.DoubleToInt64Bits))); break;
            case (ValueKind.I64, ValueKind.F32):
                il.Emit(OpCodes.Conv_I4);
                il.Emit(OpCodes.Call, Bits(nameof(BitConverter.Int32BitsToSingle)));
                break;
            case (ValueKind.F32, ValueKind.I64):
                il.Emit(OpCodes.Call, Bits(nameof(BitConverter.SingleToInt32Bits)));
                il.Emit(OpCodes.Conv_U8);
                break;
            default: throw new InvalidOperationException($"no flat value changes from {from} to {to}");
        }
    }

    private static MethodInfo Bits(string name) => typeof(BitConverter).GetMethod(name)!;
}

/// <summary>A flat core value: an argument of the generated method, which is only read, or a local.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Argument">The argument's number, where <paramref name="Local"/> is none.</param>
/// <param name="Local">The local.</param>
internal readonly record struct FlatSlot(ValueType Type, short Argument, LocalBuilder? Local)
{
    public void Push(ILGenerator il)
    {
        if (Local is not null) il.Emit(OpCodes.Ldloc, Local);
        else il.Emit(OpCodes.Ldarg, Argument);
    }
}
