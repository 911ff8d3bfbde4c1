using System.Runtime.Intrinsics;
using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using static Chain.Wasm.Tests.Guest;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Calls between host and guest: typed delegates, values, and what exceptions do.</summary>
public sealed class EngineHostFunctionTests
{
    private static readonly ValueType Int = ValueType.I32, Long = ValueType.I64;

    // A guest that hands its arguments to the host function and its result back.
    private static Function Through(Store store, FunctionType type, Function host)
    {
        byte[] code = [.. Each(type.Parameters.Length, i => [Get, (byte)i]), Call, 0, End];
        return new ModuleBuilder().Type(type.Parameters, type.Results).ImportFunction(0).Function(0, code)
            .Export("run", ExternalKind.Function, 1).Instantiate(store, host).GetFunction("run");
    }

    [Fact]
    public void EveryKindOfNumberPassesThroughTypedDelegates()
    {
        using Store store = Managed.CreateStore();
        void Passes<T>(ValueType type, T value)
        {
            var function = new FunctionType([type], [type]);
            Assert.Equal(value, Through(store, function, store.CreateFunction(function, (Func<T, T>)(x => x))).CreateDelegate<Func<T, T>>()(value));
        }

        Passes(Int, int.MinValue);
        Passes(Int, uint.MaxValue);
        Passes(Long, long.MinValue);
        Passes(Long, ulong.MaxValue);
        Passes(ValueType.F32, float.Epsilon);
        Passes(ValueType.F64, -0.0);
        Passes(ValueType.V128, Vector128.Create((byte)1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
        Passes<object?>(ValueType.ExternRef, "a host object");
        Passes<object?>(ValueType.ExternRef, null);
    }

    [Fact]
    public void TypedCallsInBothDirectionsAllocateNothing()
    {
        using Store store = Managed.CreateStore();
        var type = new FunctionType([Int, Long, ValueType.F64], [Long]);
        Function host = store.CreateFunction(type, (Func<uint, ulong, double, ulong>)(static (a, b, c) => a + b + (ulong)c));
        Func<int, long, double, long> run = Through(store, type, host).CreateDelegate<Func<int, long, double, long>>();
        for (int i = 0; i < 1000; i++) run(i, i, i);
        long sum = 0, rounds = 0;
        long least = AllocatedBytes.Least(() =>
        {
            rounds++;
            for (int i = 0; i < 10_000; i++) sum += run(1, 2, 3);
        });
        Assert.Equal(0, least);
        Assert.Equal(60_000 * rounds, sum);
    }

    [Fact]
    public void SeveralResultsTravelAsValues()
    {
        using Store store = Managed.CreateStore();
        var type = new FunctionType([Int, Long], [Long, Int, ValueType.ExternRef, ValueType.F32]);
        Function host = store.CreateFunction(type, values => [values[1], values[0], Value.FromReference("x"), Value.FromF32(1.5f)]);
        Function run = Through(store, type, host);
        Assert.Equal(
            [Value.FromI64(9), Value.FromI32(4), Value.FromReference("x"), Value.FromF32(1.5f)], run.Invoke(Value.FromI32(4), Value.FromI64(9)));
        Assert.Equal(8, run.CreateDelegate<Func<int, long, long>>()(3, 8));
        Assert.Equal([Value.FromI32(3), Value.FromReference("x"), Value.FromF32(1.5f)], store.ExtraResults);
    }

    public static TheoryData<Exception> HostExceptions =>
    [
        new OverflowException("host"), new NullReferenceException("host"), new IndexOutOfRangeException("host"), new DivideByZeroException("host"),
        new InvalidOperationException("host"), new OutOfMemoryException("host"), new WasmTrapException(TrapKind.Unreachable),
    ];

    [Theory]
    [MemberData(nameof(HostExceptions))]
    public void AnExceptionOfTheHostPassesThroughGuestsUnchanged(Exception exception)
    {
        using Store store = Managed.CreateStore();
        var type = new FunctionType([], []);
        Function failing = store.CreateFunction(type, (Action)(() => throw exception));
        Function inner = Through(store, type, failing);
        Action nested = inner.CreateDelegate<Action>();
        // Host, guest, host, guest, host: and a try_table that catches all of the guests' exceptions.
        Function outer = new ModuleBuilder().Type([]).ImportFunction(0)
            .Function(0, [Block, Empty, TryTable, Empty, 1, 2, 0, Call, 0, End, End, End])
            .Export("run", ExternalKind.Function, 1).Instantiate(store, store.CreateFunction(type, (Action)(() => nested()))).GetFunction("run");
        Assert.Same(exception, Record.Exception(() => outer.Invoke()));
        Assert.Same(exception, Record.Exception(() => outer.CreateDelegate<Action>()()));
        Assert.Same(exception, Record.Exception(() => inner.Invoke()));
    }

    [Fact]
    public void ATrapAfterAHostsExceptionIsATrap()
    {
        using Store store = Managed.CreateStore();
        Function failing = store.CreateFunction(new FunctionType([], []), (Action)(static () => throw new DivideByZeroException()));
        Instance instance = new ModuleBuilder().Type([]).ImportFunction(0).Function(0, [Call, 0, End]).Function(0, [I32, 1, I32, 0, 0x6D, Drop, End])
            .Export("host", ExternalKind.Function, 1).Export("divide", ExternalKind.Function, 2).Instantiate(store, failing);
        Assert.Throws<DivideByZeroException>(() => instance.GetFunction("host").Invoke());
        var trap = Assert.Throws<WasmTrapException>(() => instance.GetFunction("divide").Invoke());
        Assert.Equal(TrapKind.IntegerDivideByZero, trap.Kind);
    }

    [Fact]
    public void ADelegateThatDoesNotFitIsRefusedInWords()
    {
        using Store store = Managed.CreateStore();
        var type = new FunctionType([Int, Long], [Int]);
        Function run = Through(store, type, store.CreateFunction(type, (Func<int, long, int>)((a, _) => a)));
        string Message(Action make) => Assert.Throws<ArgumentException>(make).Message;
        Assert.StartsWith("the delegate takes 1 arguments, the function (i32 i64) -> (i32) takes 2", Message(() => run.CreateDelegate<Func<int, int>>()));
        Assert.StartsWith(
            "parameter 2 of the delegate is Int32, the function (i32 i64) -> (i32) takes i64", Message(() => run.CreateDelegate<Func<int, int, int>>()));
        Assert.StartsWith(
            "the delegate returns Int64, the function is (i32 i64) -> (i32)", Message(() => store.CreateFunction(type, (Func<int, long, long>)((_, b) => b))));
        Assert.StartsWith("the delegate returns Void", Message(() => run.CreateDelegate<Action<int, long>>()));
        var wide = new FunctionType([], [Int, Int]);
        Assert.StartsWith("a typed delegate returns at most one result", Message(() => store.CreateFunction(wide, (Func<int>)(() => 1))));
        Assert.StartsWith("the function takes 2 arguments, 1 were given", Message(() => run.Invoke(Value.FromI32(1))));
        Assert.StartsWith("argument 2 must be i64, it is I32 1", Message(() => run.Invoke(Value.FromI32(1), Value.FromI32(1))));
    }

    [Fact]
    public void AReferenceOfAnotherTypeDoesNotReachAGuest()
    {
        using Store store = Managed.CreateStore(), other = Managed.CreateStore();
        Function foreign = Of([End]).Instantiate(other).GetFunction("run");
        var type = new FunctionType([ValueType.FuncRef], [ValueType.FuncRef]);
        object? answer = null;
        Function run = Through(store, type, store.CreateFunction(type, (Func<object?, object?>)(_ => answer)));
        Func<object?, object?> typed = run.CreateDelegate<Func<object?, object?>>();
        Assert.Null(typed(null));
        Assert.Throws<ArgumentException>(() => typed("not a function"));
        Assert.Throws<ArgumentException>(() => typed(foreign));
        Assert.Throws<ArgumentException>(() => run.Invoke(Value.FromReference("not a function")));
        answer = "not a function";
        Assert.Throws<ArgumentException>(() => typed(null));
        answer = foreign;
        Assert.Throws<ArgumentException>(() => typed(null));
        ReferenceTable table = store.CreateTable(new TableType(ValueType.FuncRef, new Limits(1, null)));
        Assert.Throws<ArgumentException>(() => table[0] = "not a function");
        Assert.Throws<ArgumentException>(() => table.Grow(1, foreign));
        Assert.Throws<ArgumentException>(() => store.CreateGlobal(new GlobalType(ValueType.FuncRef, true), Value.FromReference(foreign)));
    }
}
