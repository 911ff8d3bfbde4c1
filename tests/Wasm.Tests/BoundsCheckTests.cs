using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Bounds checks that cannot fail are left out of compiled code; these are the ones that look as if they could not.</summary>
public sealed class BoundsCheckTests
{
    private const byte End = 0x0B, Drop = 0x1A, Get = 0x20, Set = 0x21, Tee = 0x22;
    private const byte Const = 0x41, Add = 0x6A, Subtract = 0x6B, And = 0x71, Shl = 0x74;
    private const byte Block = 0x02, Loop = 0x03, If = 0x04, Else = 0x05, BranchIf = 0x0D, Call = 0x10, Void = 0x40;

    // (memory 1) (func (export "run") (param i32) (result i32) (local i32)
    //   i32.const 0  loop (param i32) (result i32)  i32.load  drop  local.get 0  (once: br_if 0)  end)
    private const string LoopParameter =
        "0061736d0100000001060160017f017f030201000504010101020707010372756e00000a1a011801017f410003002802001a2000200145410121010d000b0b";

    private static byte[] Load(byte offset) => [0x28, 0, offset];

    private static byte[] LoadAt(byte local, byte offset) => [Get, local, .. Load(offset)];

    private static byte[] Zero { get; } = [Const, 0];

    [Fact]
    public void ALocalThatIsWrittenIsCheckedAgain() => TrapsOnlyPastTheEnd(
        [.. LoadAt(0, 0), Drop, Get, 1, Set, 0, .. LoadAt(0, 0)], inside: (0, 65532), outside: (0, 65533));

    [Fact]
    public void AWriteThroughTeeCounts() => TrapsOnlyPastTheEnd(
        [.. LoadAt(0, 0), Drop, Get, 1, Tee, 0, Drop, .. LoadAt(0, 0)], inside: (0, 65532), outside: (0, 65533));

    [Fact]
    public void ACopyOfACheckedLocalKeepsItsValueWhenTheOriginalChanges() => TrapsOnlyPastTheEnd(
        [.. LoadAt(0, 4), Drop, Get, 1, Get, 0, Set, 1, Set, 0, .. LoadAt(1, 4), Drop, .. LoadAt(0, 4)], inside: (0, 65528), outside: (0, 65529));

    [Fact]
    public void AFartherReachIsCheckedAgain() => TrapsOnlyPastTheEnd(
        [.. LoadAt(0, 10), Drop, .. LoadAt(0, 11)], inside: (65521, 0), outside: (65522, 0));

    [Fact]
    public void AnAccessThatABranchSkipsProvesNothing() => TrapsOnlyPastTheEnd(
        [Block, Void, Get, 1, BranchIf, 0, .. LoadAt(0, 100), Drop, End, .. LoadAt(0, 50)], inside: (65482, 1), outside: (65483, 1));

    [Fact]
    public void AnAccessUnderAConditionProvesNothingAfterIt() => TrapsOnlyPastTheEnd(
        [Get, 1, If, Void, .. LoadAt(0, 100), Drop, End, .. LoadAt(0, 50)], inside: (65482, 0), outside: (65483, 0));

    [Fact]
    public void AnAccessInOneHalfProvesNothingInTheOther() => TrapsOnlyPastTheEnd(
        [Get, 1, If, Void, .. LoadAt(0, 100), Drop, Else, .. LoadAt(0, 50), Drop, End, .. Zero], inside: (65482, 0), outside: (65483, 0));

    [Fact]
    public void AWriteInOneHalfCountsAfterIt() => TrapsOnlyPastTheEnd(
        [.. LoadAt(0, 0), Drop, Get, 1, If, Void, Get, 1, Set, 0, End, .. LoadAt(0, 0)], inside: (0, 65532), outside: (0, 65533));

    [Fact]
    public void ALocalThatALoopWritesIsCheckedInEveryTurn() => TrapsOnlyPastTheEnd(
        [
            .. LoadAt(0, 0), Drop, Loop, Void, .. LoadAt(0, 0), Drop, Get, 0, Const, 0xB0, 0xEA, 1, Add, Set, 0,
            Get, 1, Const, 1, Subtract, Tee, 1, BranchIf, 0, End, .. Zero,
        ],
        inside: (0, 3), outside: (0, 4));

    [Fact]
    public void WhatIsKnownOfTheFirstTurnOfALoopDoesNotHoldForTheNext()
    {
        using Store store = new ManagedEngine().CreateStore();
        Function run = store.Engine.Compile(Convert.FromHexString(LoopParameter)).Instantiate(store).GetFunction("run");
        Assert.Equal(65532, run.Invoke(Value.FromI32(65532))[0].I32);
        var trap = Assert.Throws<WasmTrapException>(() => run.Invoke(Value.FromI32(65533)));
        Assert.Equal(TrapKind.MemoryOutOfBounds, trap.Kind);
    }

    [Fact]
    public void AMaskedAddressCanStillPassTheEnd() => TrapsOnlyPastTheEnd(
        [Get, 0, Const, 0xFF, 0xFF, 3, And, .. Load(0)], inside: (65532, 0), outside: (65533, 0));

    [Fact]
    public void AShiftedByteCanStillPassTheEnd() => TrapsOnlyPastTheEnd(
        [Zero[0], 0, Get, 1, 0x3A, 0, 0, Const, 0, 0x2D, 0, 0, Const, 8, Shl, 0x28, 0, 0xFF, 1], inside: (0, 254), outside: (0, 255));

    [Fact]
    public void ALimitOfALocalEndsWithItsNextValue() => TrapsOnlyPastTheEnd(
        [Get, 0, Const, 7, And, Set, 0, .. LoadAt(0, 0), Drop, Get, 1, Set, 0, .. LoadAt(0, 0)], inside: (0, 65532), outside: (0, 65533));

    [Fact]
    public void ASumThatWrapsHasNoLimit() => TrapsOnlyPastTheEnd(
        [Get, 0, Const, 0x7F, Add, .. Load(0)], inside: (1, 0), outside: (0, 0));

    [Fact]
    public void AMemoryIsNotResetUnderRunningCode()
    {
        var engine = new ManagedEngine();
        using Store store = engine.CreateStore();
        ReadOnlyMemory<byte> bytes = new ModuleBuilder().Type([]).ImportFunction(0).Memory()
            .Function(0, [Call, 0, End]).Export("run", ExternalKind.Function, 1).Build();
        Instance? instance = null;
        Function host = store.CreateFunction(new FunctionType([], []), () => instance!.Reset());
        instance = engine.Compile(bytes).Instantiate(store, [host]);
        Assert.Throws<InvalidOperationException>(() => instance.GetFunction("run").Invoke());
    }

    /// <summary>Runs a body of type <c>(i32 i32) → i32</c> over one page of memory.</summary>
    private static void TrapsOnlyPastTheEnd(byte[] body, (int A, int B) inside, (int A, int B) outside)
    {
        var engine = new ManagedEngine();
        using Store store = engine.CreateStore();
        ReadOnlyMemory<byte> bytes = new ModuleBuilder().Type([ValueType.I32, ValueType.I32], ValueType.I32).Memory()
            .Function(0, [.. body, End]).Export("run", ExternalKind.Function, 0).Build();
        var run = engine.Compile(bytes).Instantiate(store).GetFunction("run").CreateDelegate<Func<int, int, int>>();
        run(inside.A, inside.B);
        var trap = Assert.Throws<WasmTrapException>(() => run(outside.A, outside.B));
        Assert.Equal(TrapKind.MemoryOutOfBounds, trap.Kind);
    }
}
