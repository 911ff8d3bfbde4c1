using System.Numerics;
using Chain.Tests;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Tests;

public sealed class NumericOperationsTests
{
    private static readonly HashSet<string> Scripts =
    [
        "i32", "i64", "f32", "f64", "f32_bitwise", "f64_bitwise", "float_literals", "float_misc", "float_exprs", "conversions", "int_exprs",
        "traps",
    ];

    [SharedTheory("spec/core.tar.gz")]
    [InlineData(false)]
    [InlineData(true)]
    public void TheAssertionsOfTheScalarScriptsHold(bool withIntrinsics)
    {
        OperationScript script = OperationScript.Run(Scripts.Contains, withIntrinsics);
        Assert.True(script.Failures.Count == 0, $"{script.Failures.Count} of {script.Ran} failed:\n{string.Join('\n', script.Failures.Take(20))}");
        Assert.True(script.Ran >= 3_619, $"only {script.Ran} assertions ran");
    }

    [Fact]
    public void UnsignedIntegersConvertToTheNearestFloatEvenOnes()
    {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++)
        {
            // All magnitudes, and many that lie at or next to the middle between two floats or two doubles.
            ulong value = (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            int width = 64 - BitOperations.LeadingZeroCount(value);
            int dropped = width - (i % 2 == 0 ? 24 : 53);
            if (i % 3 != 0 && dropped > 0) value = (value & ~((1UL << dropped) - 1)) + (1UL << (dropped - 1)) + (ulong)(i % 3) - 1;
            Assert.Equal(Rounded(value, 24), NumericOperations.F32ConvertI64U((long)value));
            Assert.Equal(Rounded(value, 53), NumericOperations.F64ConvertI64U((long)value));
            Assert.Equal(Rounded((uint)value, 24), NumericOperations.F32ConvertI32U((int)value));
            if ((long)value < 0) continue;
            Assert.Equal(Rounded(value, 24), NumericOperations.F32ConvertI64S((long)value));
            Assert.Equal(-Rounded(value, 24), NumericOperations.F32ConvertI64S(-(long)value));
            Assert.Equal(Rounded(value, 53), NumericOperations.F64ConvertI64S((long)value));
        }
    }

    [Fact]
    public void TruncationsTrapExactlyWhereTheResultDoesNotFit()
    {
        double[] bounds = [-9223372036854775808.0, -2147483648.0, -1, 0, 2147483648.0, 4294967296.0, 9223372036854775808.0, 18446744073709551616.0];
        double[] wide =
        [
            .. bounds.SelectMany(b => new[] { b, Math.BitIncrement(b), Math.BitDecrement(b), b - 1, b + 1, b - 0.5, b + 0.5 }),
            double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue, double.Epsilon,
        ];
        foreach (double a in wide)
        {
            CheckTruncation(a, int.MinValue, int.MaxValue, () => NumericOperations.I32TruncF64S(a), NumericOperations.I32TruncSatF64S(a));
            CheckTruncation(a, 0, uint.MaxValue, () => (uint)NumericOperations.I32TruncF64U(a), (uint)NumericOperations.I32TruncSatF64U(a));
            CheckTruncation(a, long.MinValue, long.MaxValue, () => NumericOperations.I64TruncF64S(a), NumericOperations.I64TruncSatF64S(a));
            CheckTruncation(a, 0, ulong.MaxValue, () => (ulong)NumericOperations.I64TruncF64U(a), (ulong)NumericOperations.I64TruncSatF64U(a));
        }

        foreach (float a in wide.SelectMany(d => new[] { (float)d, MathF.BitIncrement((float)d), MathF.BitDecrement((float)d) }))
        {
            CheckTruncation(a, int.MinValue, int.MaxValue, () => NumericOperations.I32TruncF32S(a), NumericOperations.I32TruncSatF32S(a));
            CheckTruncation(a, 0, uint.MaxValue, () => (uint)NumericOperations.I32TruncF32U(a), (uint)NumericOperations.I32TruncSatF32U(a));
            CheckTruncation(a, long.MinValue, long.MaxValue, () => NumericOperations.I64TruncF32S(a), NumericOperations.I64TruncSatF32S(a));
            CheckTruncation(a, 0, ulong.MaxValue, () => (ulong)NumericOperations.I64TruncF32U(a), (ulong)NumericOperations.I64TruncSatF32U(a));
        }
    }

    [Fact]
    public void TheMinimumByMinusOneTrapsAndHasRemainderZero()
    {
        Assert.Equal(TrapKind.IntegerOverflow, Assert.Throws<WasmTrapException>(() => NumericOperations.I32DivS(int.MinValue, -1)).Kind);
        Assert.Equal(TrapKind.IntegerOverflow, Assert.Throws<WasmTrapException>(() => NumericOperations.I64DivS(long.MinValue, -1)).Kind);
        Assert.Equal(0, NumericOperations.I32RemS(int.MinValue, -1));
        Assert.Equal(0, NumericOperations.I64RemS(long.MinValue, -1));
        Assert.Throws<DivideByZeroException>(() => NumericOperations.I32RemS(1, 0));
        Assert.Throws<DivideByZeroException>(() => NumericOperations.I64DivS(1, 0));
    }

    [Fact]
    public void PromotingAndDemotingASignallingNaNQuietsIt()
    {
        // In one expression, as compiled code has it: the JIT drops a pair of plain casts.
        float signalling = NumericOperations.F32ReinterpretI32(0x7FA0_0000);
        Assert.Equal(0x7FA0_0000, NumericOperations.I32ReinterpretF32(signalling));
        Assert.Equal(0x7FE0_0000, RoundTripBits(0x7FA0_0000));
    }

    [System.Runtime.CompilerServices.MethodImpl(
        System.Runtime.CompilerServices.MethodImplOptions.NoInlining | System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private static int RoundTripBits(int bits) => NumericOperations.I32ReinterpretF32(
        NumericOperations.F32DemoteF64(NumericOperations.F64PromoteF32(NumericOperations.F32ReinterpretI32(bits))));

    private static void CheckTruncation(double a, BigInteger minimum, BigInteger maximum, Func<BigInteger> trapping, BigInteger saturating)
    {
        if (double.IsNaN(a))
        {
            Assert.Equal(TrapKind.InvalidConversionToInteger, Assert.Throws<WasmTrapException>(() => trapping()).Kind);
            Assert.Equal(BigInteger.Zero, saturating);
            return;
        }

        BigInteger exact = double.IsInfinity(a) ? (a > 0 ? maximum + 1 : minimum - 1) : new BigInteger(a);
        Assert.Equal(BigInteger.Clamp(exact, minimum, maximum), saturating);
        if (exact == saturating) Assert.Equal(exact, trapping());
        else Assert.Equal(TrapKind.IntegerOverflow, Assert.Throws<WasmTrapException>(() => trapping()).Kind);
    }

    // The nearest number with so many significant bits, of two the one whose last bit is 0; by integer arithmetic alone.
    private static double Rounded(ulong value, int significant)
    {
        int dropped = 64 - BitOperations.LeadingZeroCount(value) - significant;
        if (dropped <= 0) return value;
        ulong kept = value >> dropped, rest = value & ((1UL << dropped) - 1), half = 1UL << (dropped - 1);
        if (rest > half || (rest == half && (kept & 1) == 1)) kept++;
        return Math.ScaleB(kept, dropped);
    }
}
