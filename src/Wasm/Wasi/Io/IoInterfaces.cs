using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Io;

/// <summary>The interfaces of <c>wasi:io</c>. They need no state in the store.</summary>
public static class IoInterfaces
{
    public static HostInterface Error { get; } = new HostInterface("wasi:io/error@" + WasiInterfaces.Version)
        .Resource<IoError>("error")
        .Function("[method]error.to-debug-string", static (IoError self) => self.Message);

    public static HostInterface Poll { get; } = new HostInterface("wasi:io/poll@" + WasiInterfaces.Version)
        .Resource<Pollable>("pollable")
        .Function("[method]pollable.ready", static (Pollable self) => self.IsReady)
        .Function("[method]pollable.block", static (ComponentStore store, Pollable self) => self.Block(store.Cancellation))
        .Function("poll", static (ComponentStore store, Pollable[] pollables) => pollables.Length > 0
            ? PollWaiter.Wait(pollables, store.Cancellation)
            : throw new ComponentTrapException("poll was given no pollable"));

    public static HostInterface Streams { get; } = new HostInterface("wasi:io/streams@" + WasiInterfaces.Version)
        .Resource<InputStream>("input-stream")
        .Resource<OutputStream>("output-stream")
        .Resource("error", Error.Resources["error"])
        .Resource("pollable", Poll.Resources["pollable"])
        .Function("[method]input-stream.read", static (InputStream self, ulong length) => self.Read(length))
        .Function(
            "[method]input-stream.blocking-read",
            static (ComponentStore store, InputStream self, ulong length) => self.BlockingRead(length, store.Cancellation))
        .Function("[method]input-stream.skip", static (InputStream self, ulong length) => self.Skip(length))
        .Function(
            "[method]input-stream.blocking-skip",
            static (ComponentStore store, InputStream self, ulong length) => self.BlockingSkip(length, store.Cancellation))
        .Function("[method]input-stream.subscribe", static (InputStream self) => self.Subscribe())
        .Function("[method]output-stream.check-write", static (OutputStream self) => self.CheckWrite())
        .Function("[method]output-stream.write", static (OutputStream self, ReadOnlySpan<byte> contents) => self.Write(contents))
        .Function(
            "[method]output-stream.blocking-write-and-flush",
            static (ComponentStore store, OutputStream self, ReadOnlySpan<byte> contents) => self.BlockingWriteAndFlush(contents, store.Cancellation))
        .Function("[method]output-stream.flush", static (OutputStream self) => self.Flush())
        .Function("[method]output-stream.blocking-flush", static (ComponentStore store, OutputStream self) => self.BlockingFlush(store.Cancellation))
        .Function("[method]output-stream.subscribe", static (OutputStream self) => self.Subscribe())
        .Function("[method]output-stream.write-zeroes", static (OutputStream self, ulong length) => self.WriteZeroes(length))
        .Function(
            "[method]output-stream.blocking-write-zeroes-and-flush",
            static (ComponentStore store, OutputStream self, ulong length) => self.BlockingWriteZeroesAndFlush(length, store.Cancellation))
        .Function("[method]output-stream.splice", static (OutputStream self, InputStream source, ulong length) => self.Splice(source, length))
        .Function(
            "[method]output-stream.blocking-splice",
            static (ComponentStore store, OutputStream self, InputStream source, ulong length) => self.BlockingSplice(source, length, store.Cancellation));
}
