using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Pieces of code for hand-made guests, and the shortest way to run one.</summary>
internal static class Guest
{
    public const byte Unreachable = 0x00, Block = 0x02, Loop = 0x03, If = 0x04, Else = 0x05, Throw = 0x08, End = 0x0B;
    public const byte Br = 0x0C, BrIf = 0x0D, BrTable = 0x0E, Return = 0x0F, Call = 0x10, CallIndirect = 0x11, ReturnCall = 0x12;
    public const byte ReturnCallIndirect = 0x13, CallRef = 0x14, ReturnCallRef = 0x15, Drop = 0x1A, TryTable = 0x1F;
    public const byte Get = 0x20, Set = 0x21, GetGlobal = 0x23, SetGlobal = 0x24, Load = 0x28, Store = 0x36, Size = 0x3F, Grow = 0x40;
    public const byte I32 = 0x41, I64 = 0x42, Eqz = 0x45, Add = 0x6A, Sub = 0x6B, RefNull = 0xD0, RefFunc = 0xD2, Gc = 0xFB, Bulk = 0xFC;
    public const byte Empty = 0x40;

    public static ManagedEngine Managed { get; } = new();

    /// <summary><c>i32.const</c>.</summary>
    public static byte[] Const(int value)
    {
        var writer = new WasmWriter();
        writer.WriteByte(I32);
        writer.WriteSigned(value);
        return writer.Written.ToArray();
    }

    public static byte[] Leb(uint value)
    {
        var writer = new WasmWriter();
        writer.WriteUnsigned(value);
        return writer.Written.ToArray();
    }

    public static byte[] Times(int count, params byte[] code)
    {
        var all = new byte[count * code.Length];
        for (int i = 0; i < count; i++) code.CopyTo(all, i * code.Length);
        return all;
    }

    public static byte[] Each(int count, Func<int, byte[]> code)
    {
        var all = new WasmWriter();
        for (int i = 0; i < count; i++) all.WriteBytes(code(i));
        return all.Written.ToArray();
    }

    /// <summary>A module whose function 0, of type 0 without parameters and results, is exported as <c>run</c>.</summary>
    public static ModuleBuilder Of(params byte[] code) => new ModuleBuilder().Type([]).Function(0, code).Export("run", ExternalKind.Function, 0);

    public static Instance Instantiate(this ModuleBuilder module, Store store, params External[] imports) =>
        Managed.Compile(module.Build(), "guest").Instantiate(store, imports);

    public static ValueType[] Many(int count, ValueType type) => [.. Enumerable.Repeat(type, count)];

    /// <summary>Runs on a thread of its own and hands on what it threw.</summary>
    public static void OnThread(int stackBytes, Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(action), stackBytes);
        thread.Start();
        thread.Join();
        if (failure is not null) throw new InvalidOperationException("on the other thread: " + failure, failure);
    }
}
