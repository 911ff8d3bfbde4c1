using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;
using LaneModel = System.Func<System.Int128, System.Int128, int, System.Int128>;

namespace Chain.Wasm.Tests;

/// <summary>Vector operations against scalar models of their lanes, on random vectors that are full of edge cases.</summary>
public sealed class VectorOperationsModelTests
{
    private const int Rounds = 400;

    // By the opcode's name after its shape: what a lane of the result is. An S or U at the end says how lanes of operands are read.
    private static readonly Dictionary<string, LaneModel> LaneModels = new()
    {
        ["Add"] = (a, b, _) => a + b,
        ["Sub"] = (a, b, _) => a - b,
        ["Mul"] = (a, b, _) => a * b,
        ["Neg"] = (a, _, _) => -a,
        ["Abs"] = (a, _, _) => Int128.Abs(a),
        ["MinS"] = (a, b, _) => Int128.Min(a, b),
        ["MinU"] = (a, b, _) => Int128.Min(a, b),
        ["MaxS"] = (a, b, _) => Int128.Max(a, b),
        ["MaxU"] = (a, b, _) => Int128.Max(a, b),
        ["AddSatS"] = (a, b, bits) => Saturate(a + b, bits, true),
        ["AddSatU"] = (a, b, bits) => Saturate(a + b, bits, false),
        ["SubSatS"] = (a, b, bits) => Saturate(a - b, bits, true),
        ["SubSatU"] = (a, b, bits) => Saturate(a - b, bits, false),
        ["AvgrU"] = (a, b, _) => (a + b + 1) / 2,
        ["Q15mulrSatS"] = (a, b, _) => Saturate((a * b + 0x4000) >> 15, 16, true),
        ["RelaxedQ15mulrS"] = (a, b, _) => Saturate((a * b + 0x4000) >> 15, 16, true),
        ["Popcnt"] = (a, _, _) => Int128.PopCount(a & 0xFF),
        ["Eq"] = (a, b, _) => a == b ? -1 : 0,
        ["Ne"] = (a, b, _) => a != b ? -1 : 0,
        ["LtS"] = (a, b, _) => a < b ? -1 : 0,
        ["LtU"] = (a, b, _) => a < b ? -1 : 0,
        ["GtS"] = (a, b, _) => a > b ? -1 : 0,
        ["GtU"] = (a, b, _) => a > b ? -1 : 0,
        ["LeS"] = (a, b, _) => a <= b ? -1 : 0,
        ["LeU"] = (a, b, _) => a <= b ? -1 : 0,
        ["GeS"] = (a, b, _) => a >= b ? -1 : 0,
        ["GeU"] = (a, b, _) => a >= b ? -1 : 0,
    };

    // Which lanes of the operands make lane i of the result, for the operations that change the width.
    private static readonly Dictionary<string, Func<Int128[], Int128[], int, Int128>> WideningModels = new()
    {
        ["ExtendLow"] = (a, _, i) => a[i],
        ["ExtendHigh"] = (a, _, i) => a[(a.Length / 2) + i],
        ["ExtmulLow"] = (a, b, i) => a[i] * b[i],
        ["ExtmulHigh"] = (a, b, i) => a[(a.Length / 2) + i] * b[(a.Length / 2) + i],
        ["ExtaddPairwise"] = (a, _, i) => a[2 * i] + a[(2 * i) + 1],
        ["Dot"] = (a, b, i) => (a[2 * i] * b[2 * i]) + (a[(2 * i) + 1] * b[(2 * i) + 1]),
    };

    [Fact]
    public void IntegerLanesAgreeWithTheScalarModel()
    {
        int operations = 0;
        foreach ((Opcode opcode, MethodInfo method) in StraightLineFunction.Methods)
        {
            (int bits, string rest) = Shape(opcode);
            if (bits == 0 || opcode.ToString()[0] != 'I' || !LaneModels.TryGetValue(rest, out LaneModel? model)) continue;
            operations++;
            bool signed = !rest.EndsWith('U');
            foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(opcode))
            {
                Int128[] x = Lanes(a, bits, signed), y = Lanes(b, bits, signed);
                Vector128<byte> expected = FromLanes(x.Zip(y, (p, q) => model(p, q, bits)), bits);
                AssertSame(opcode, a, b, expected, Invoke(method, a, b));
            }
        }

        Assert.Equal(80, operations);
    }

    [Fact]
    public void WideningAndNarrowingAgreeWithTheScalarModel()
    {
        int operations = 0;
        foreach ((Opcode opcode, MethodInfo method) in StraightLineFunction.Methods)
        {
            (int bits, string rest) = Shape(opcode);
            string? kind = WideningModels.Keys.FirstOrDefault(key => rest.StartsWith(key + "I", StringComparison.Ordinal));
            bool narrows = rest.StartsWith("Narrow", StringComparison.Ordinal);
            if (kind is null && !narrows) continue;
            operations++;
            bool signed = rest.EndsWith('S');
            foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(opcode))
            {
                IEnumerable<Int128> lanes = narrows
                    ? Lanes(a, bits * 2, true).Concat(Lanes(b, bits * 2, true)).Select(lane => Saturate(lane, bits, signed))
                    : Enumerable.Range(0, 128 / bits)
                        .Select(i => WideningModels[kind!](Lanes(a, bits / 2, signed), Lanes(b, bits / 2, signed), i));
                AssertSame(opcode, a, b, FromLanes(lanes, bits), Invoke(method, a, b));
            }
        }

        Assert.Equal(33, operations);
    }

    [Fact]
    public void ShiftsTakeTheCountModuloTheWidth()
    {
        int operations = 0;
        foreach ((Opcode opcode, MethodInfo method) in StraightLineFunction.Methods)
        {
            (int bits, string rest) = Shape(opcode);
            if (rest is not ("Shl" or "ShrS" or "ShrU") || opcode < Opcode.V128Load) continue;
            operations++;
            foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(opcode))
            {
                int count = b.AsInt32()[0], masked = count & (bits - 1);
                IEnumerable<Int128> lanes = Lanes(a, bits, rest != "ShrU").Select(lane => rest == "Shl" ? lane << masked : lane >> masked);
                AssertSame(opcode, a, b, FromLanes(lanes, bits), (Vector128<byte>)method.Invoke(null, [a, count])!);
            }
        }

        Assert.Equal(12, operations);
    }

    [Fact]
    public void FloatLanesAgreeWithTheScalarOperations()
    {
        int operations = 0;
        foreach ((Opcode opcode, MethodInfo method) in StraightLineFunction.Methods)
        {
            (int bits, string rest) = Shape(opcode);
            if (opcode.ToString()[0] != 'F' || bits == 0) continue;
            if (!Enum.TryParse($"F{bits}{rest}", out Opcode scalarOpcode)) continue;
            if (!StraightLineFunction.Methods.TryGetValue(scalarOpcode, out MethodInfo? scalar)) continue;
            operations++;
            foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(opcode))
            {
                Vector128<byte> result = Invoke(method, a, b);
                for (int i = 0; i < 128 / bits; i++)
                {
                    object[] arguments = [.. new[] { a, b }.Take(scalar.GetParameters().Length).Select(v => FloatLane(v, bits, i))];
                    object expected = scalar.Invoke(null, arguments)!, actual = FloatLane(result, bits, i);
                    bool movesBitsOnly = rest is "Abs" or "Neg";
                    Assert.True(
                        Bits(expected) == Bits(actual) || (!movesBitsOnly && IsQuietNaN(expected) && IsQuietNaN(actual)),
                        $"{opcode} of {string.Join(", ", arguments.Select(v => $"{Bits(v):x}"))}: {Bits(expected):x}, not {Bits(actual):x}");
                }
            }
        }

        Assert.Equal(18, operations);
    }

    [Fact]
    public void SaturatingTruncationsAgreeWithTheScalarOperations()
    {
        foreach ((Vector128<byte> a, _) in Pairs(Opcode.I32x4TruncSatF32x4U))
        {
            for (int i = 0; i < 4; i++)
            {
                float lane = a.AsSingle()[i];
                Assert.Equal(NumericOperations.I32TruncSatF32S(lane), VectorOperations.I32x4TruncSatF32x4S(a).AsInt32()[i]);
                Assert.Equal(NumericOperations.I32TruncSatF32U(lane), VectorOperations.I32x4TruncSatF32x4U(a).AsInt32()[i]);
                double wide = i < 2 ? a.AsDouble()[i] : 0;
                Assert.Equal(NumericOperations.I32TruncSatF64S(wide), VectorOperations.I32x4TruncSatF64x2SZero(a).AsInt32()[i]);
                Assert.Equal(NumericOperations.I32TruncSatF64U(wide), VectorOperations.I32x4TruncSatF64x2UZero(a).AsInt32()[i]);
                Assert.Equal((float)a.AsUInt32()[i], VectorOperations.F32x4ConvertI32x4U(a).AsSingle()[i]);
                if (i < 2) Assert.Equal((double)a.AsUInt32()[i], VectorOperations.F64x2ConvertLowI32x4U(a).AsDouble()[i]);
            }
        }
    }

    [Fact]
    public void ShuffleAndSwizzlePickLanesByIndex()
    {
        foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(Opcode.I8x16Shuffle))
        {
            Vector128<byte> indices = a ^ b;
            foreach (byte and in new byte[] { 31, 15 })
            {
                foreach (byte or in new byte[] { 0, 16 })
                {
                    Vector128<byte> lanes = (indices & Vector128.Create(and)) | Vector128.Create(or);
                    Vector128<byte> shuffled = VectorOperations.I8x16Shuffle(a, b, lanes);
                    for (int i = 0; i < 16; i++) Assert.Equal(lanes[i] < 16 ? a[lanes[i]] : b[lanes[i] - 16], shuffled[i]);
                }
            }

            Vector128<byte> swizzled = VectorOperations.I8x16Swizzle(a, indices);
            for (int i = 0; i < 16; i++) Assert.Equal(indices[i] < 16 ? a[indices[i]] : 0, swizzled[i]);
        }
    }

    [Fact]
    public unsafe void IntrinsicsEqualTheMethods()
    {
        int operations = 0;
        byte* arguments = stackalloc byte[48], expected = stackalloc byte[16], actual = stackalloc byte[16];
        foreach (Opcode opcode in StraightLineFunction.Methods.Keys)
        {
            var lane1 = new Instruction { Opcode = opcode, Index2 = 1 };
            bool hasIntrinsics = opcode < Opcode.V128Load ? !NumericIntrinsics.Find(opcode).IsEmpty : !VectorIntrinsics.Find(lane1).IsEmpty;
            if (!hasIntrinsics || opcode == Opcode.I8x16Shuffle) continue;
            operations++;
            StraightLineFunction method = StraightLineFunction.OfOperation(lane1, withIntrinsics: false);
            StraightLineFunction intrinsics = StraightLineFunction.OfOperation(lane1, withIntrinsics: true);
            foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(opcode))
            {
                a.Store(arguments);
                b.Store(arguments + 16);
                (a ^ (b.AsUInt32() << 7).AsByte()).Store(arguments + 32);
                method.Run(arguments, expected, null);
                intrinsics.Run(arguments, actual, null);
                Assert.True(Vector128.Load(expected) == Vector128.Load(actual), $"{opcode} of {a} and {b} differs");
            }
        }

        Assert.True(operations >= 280 || !System.Runtime.Intrinsics.X86.Avx2.IsSupported, $"only {operations} operations");
    }

    [Fact]
    public unsafe void ConstantShufflesPickLanesByIndex()
    {
        byte* arguments = stackalloc byte[32], actual = stackalloc byte[16];
        foreach ((Vector128<byte> a, Vector128<byte> b) in Pairs(Opcode.I8x16Shuffle).Take(100))
        {
            a.Store(arguments);
            b.Store(arguments + 16);
            foreach ((byte and, byte or) in new (byte, byte)[] { (31, 0), (15, 0), (15, 16) })
            {
                Vector128<byte> lanes = ((a ^ b) & Vector128.Create(and)) | Vector128.Create(or);
                var shuffle = new Instruction { Opcode = Opcode.I8x16Shuffle, Bits = lanes.AsUInt64()[0], BitsHigh = lanes.AsUInt64()[1] };
                foreach (bool withIntrinsics in new[] { false, true })
                {
                    StraightLineFunction.OfOperation(shuffle, withIntrinsics).Run(arguments, actual, null);
                    for (int i = 0; i < 16; i++) Assert.Equal(lanes[i] < 16 ? a[lanes[i]] : b[lanes[i] - 16], actual[i]);
                }
            }
        }
    }

    private static Int128 Saturate(Int128 value, int bits, bool signed) => signed
        ? Int128.Clamp(value, -(Int128.One << (bits - 1)), (Int128.One << (bits - 1)) - 1)
        : Int128.Clamp(value, 0, (Int128.One << bits) - 1);

    // "I16x8AddSatS" is (16, "AddSatS"); no shape is (0, …).
    private static (int Bits, string Name) Shape(Opcode opcode)
    {
        string name = opcode.ToString();
        int x = name.IndexOf('x');
        if (x is < 2 or > 3 || !int.TryParse(name.AsSpan(1, x - 1), out int bits)) return (0, name);
        return (bits, name[(x + 1 + (128 / bits).ToString().Length)..]);
    }

    private static Int128[] Lanes(Vector128<byte> v, int bits, bool signed)
    {
        var all = (UInt128)new BigInteger(Bytes(v), isUnsigned: true);
        var lanes = new Int128[128 / bits];
        for (int i = 0; i < lanes.Length; i++)
        {
            var moved = (Int128)(all >> (bits * i)) << (128 - bits);
            lanes[i] = signed ? moved >> (128 - bits) : moved >>> (128 - bits);
        }

        return lanes;
    }

    private static Vector128<byte> FromLanes(IEnumerable<Int128> lanes, int bits)
    {
        UInt128 all = 0;
        int shift = 0;
        foreach (Int128 lane in lanes)
        {
            all |= ((UInt128)lane & ((UInt128.One << bits) - 1)) << shift;
            shift += bits;
        }

        return Vector128.Create((ulong)all, (ulong)(all >> 64)).AsByte();
    }

    private static byte[] Bytes(Vector128<byte> v)
    {
        byte[] bytes = new byte[16];
        v.CopyTo(bytes);
        return bytes;
    }

    private static object FloatLane(Vector128<byte> v, int bits, int i) =>
        bits == 32 ? (object)v.AsSingle()[i] : v.AsDouble()[i];

    private static ulong Bits(object number) => number is float f ? BitConverter.SingleToUInt32Bits(f) : BitConverter.DoubleToUInt64Bits((double)number);

    private static bool IsQuietNaN(object number) => number is float f
        ? float.IsNaN(f) && (BitConverter.SingleToUInt32Bits(f) & 0x40_0000) != 0
        : double.IsNaN((double)number) && (BitConverter.DoubleToUInt64Bits((double)number) & 0x8_0000_0000_0000) != 0;

    private static Vector128<byte> Invoke(MethodInfo method, Vector128<byte> a, Vector128<byte> b) =>
        (Vector128<byte>)method.Invoke(null, method.GetParameters().Length == 1 ? [a] : [a, b])!;

    private static void AssertSame(Opcode opcode, Vector128<byte> a, Vector128<byte> b, Vector128<byte> expected, Vector128<byte> actual) =>
        Assert.True(expected == actual, $"{opcode} of {a} and {b}: {expected}, not {actual}");

    // Random bytes, with lanes of every width replaced by the values at which operations go wrong.
    private static IEnumerable<(Vector128<byte> A, Vector128<byte> B)> Pairs(Opcode seed)
    {
        var random = new Random((int)seed);
        for (int i = 0; i < Rounds; i++) yield return (Next(random), Next(random));
    }

    private static Vector128<byte> Next(Random random)
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        int kind = random.Next(6);
        for (int i = 0; i < 16; i++)
        {
            if (kind == 1) bytes[i] = (byte)(random.Next(5) switch { 0 => 0, 1 => 0xFF, 2 => 0x80, 3 => 0x7F, _ => bytes[i] });
        }

        Span<float> singles = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (int i = 0; i < 4 && kind == 2; i++) singles[i] = BitConverter.UInt32BitsToSingle(Singles[random.Next(Singles.Length)]);
        for (int i = 0; i < 4 && kind == 3; i++) singles[i] = (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-2, 36)));
        Span<double> doubles = MemoryMarshal.Cast<byte, double>(bytes.AsSpan());
        for (int i = 0; i < 2 && kind == 4; i++) doubles[i] = BitConverter.UInt64BitsToDouble(Doubles[random.Next(Doubles.Length)]);
        for (int i = 0; i < 2 && kind == 5; i++) doubles[i] = (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-2, 36));
        return Vector128.Create(bytes);
    }

    // Zeroes, ones, halves, the bounds of integers and their neighbours, infinities, quiet and signalling NaNs; both signs.
    private static readonly uint[] Singles =
    [
        .. new uint[]
        {
            0, 0x3F800000, 0x3F000000, 0x3FC00000, 0x40200000, 0x4EFFFFFF, 0x4F000000, 0x4F000001, 0x4F7FFFFF, 0x4F800000, 0x7F800000, 0x7FC00000,
            0x7FE00001, 0x7FA00000, 0x7F800001, 1, 0x7F7FFFFF,
        }.SelectMany(bits => new[] { bits, bits | 0x8000_0000 }),
    ];

    private static readonly ulong[] Doubles =
    [
        .. new ulong[]
        {
            0, 0x3FF0000000000000, 0x3FE0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0x41DFFFFFFFC00000, 0x41DFFFFFFFE00000,
            0x41E0000000000000, 0x41EFFFFFFFE00000, 0x41EFFFFFFFF00000, 0x41F0000000000000, 0x7FF0000000000000, 0x7FF8000000000000,
            0x7FFC000000000001, 0x7FF4000000000000, 0x7FF0000000000001, 1, 0x7FEFFFFFFFFFFFFF,
        }.SelectMany(bits => new[] { bits, bits | 0x8000_0000_0000_0000 }),
    ];
}
