using System.Runtime.InteropServices;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Random;

/// <summary>The interfaces of <c>wasi:random</c>.</summary>
public static class RandomInterfaces
{
    public static HostInterface Random { get; } = new HostInterface("wasi:random/random@" + WasiInterfaces.Version)
        .Function("get-random-bytes", static (ComponentStore store, ulong length) => Bytes(store.Get<WasiState>(), length, isSecure: true))
        .Function("get-random-u64", static (ComponentStore store) => Number(store.Get<WasiState>()));

    public static HostInterface Insecure { get; } = new HostInterface("wasi:random/insecure@" + WasiInterfaces.Version)
        .Function("get-insecure-random-bytes", static (ComponentStore store, ulong length) => Bytes(store.Get<WasiState>(), length, isSecure: false))
        .Function(
            "get-insecure-random-u64",
            static (ComponentStore store) => (ulong)store.Get<WasiState>().Insecure.NextInt64(long.MinValue, long.MaxValue));

    public static HostInterface InsecureSeed { get; } = new HostInterface("wasi:random/insecure-seed@" + WasiInterfaces.Version)
        .Function("insecure-seed", static (ComponentStore store) => (Number(store.Get<WasiState>()), Number(store.Get<WasiState>())));

    private static ulong Number(WasiState state)
    {
        ulong number = 0;
        state.Options.FillRandom(MemoryMarshal.AsBytes(new Span<ulong>(ref number)));
        return number;
    }

    private static byte[] Bytes(WasiState state, ulong length, bool isSecure)
    {
        if (length > (ulong)state.Options.MaxRandomBytes)
        {
            throw new ComponentTrapException($"the guest asked for {length} random bytes at once; at most {state.Options.MaxRandomBytes} are given");
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)length);
        if (isSecure) state.Options.FillRandom(bytes);
        else state.Insecure.NextBytes(bytes);
        return bytes;
    }
}
