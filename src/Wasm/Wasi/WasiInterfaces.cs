using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi;

/// <summary>The interfaces of WASI 0.2 that the host offers. Made once, for all stores.</summary>
public static class WasiInterfaces
{
    /// <summary>The version under which each is offered; imports of any other 0.2 version are met by it.</summary>
    public const string Version = "0.2.12";

    public static IReadOnlyList<HostInterface> All { get; } = [IoInterfaces.Error, IoInterfaces.Poll, IoInterfaces.Streams];
}
