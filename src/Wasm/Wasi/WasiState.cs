using Chain.Wasm.Wasi.Clocks;
using Chain.Wasm.Wasi.Filesystem;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi;

/// <summary>
/// What one store's guests have of WASI; <see cref="Components.Hosting.ComponentStore.Add"/> gives it to the store. Parts are made when a guest first
/// asks for them. For the store's thread.
/// </summary>
public sealed class WasiState(WasiOptions options) : IDisposable
{
    private InputStream? stdin;
    private OutputStream? stdout;
    private OutputStream? stderr;
    private MonotonicTime? monotonic;
    private System.Random? insecure;
    private OpenFiles? files;

    public WasiOptions Options { get; private set; } = options;

    internal InputStream Stdin => stdin ??= Options.Input is { } input ? new HostInput(input) : new EmptyInput();

    internal OutputStream Stdout => stdout ??= Write(Options.Output);

    internal OutputStream Stderr => stderr ??= Write(Options.Error);

    internal MonotonicTime Monotonic => monotonic ??= new MonotonicTime(Options.Time);

    internal System.Random Insecure => insecure ??= Options.InsecureSeed is { } seed ? new System.Random(seed) : new System.Random();

    internal OpenFiles Files => files ??= new OpenFiles(Options.MaxOpenFiles);

    /// <summary>As if it were new: closes what guests left open. For a store whose instances are reset.</summary>
    /// <param name="options">What is granted from now on; <see langword="null"/> for the same as before.</param>
    public void Reset(WasiOptions? options = null)
    {
        files?.CloseAll();
        (stdin, stdout, stderr, monotonic, insecure) = (null, null, null, null, null);
        if (options is null) return;
        if (options.MaxOpenFiles != Options.MaxOpenFiles) files = null;
        Options = options;
    }

    public void Dispose() => files?.CloseAll();

    private static OutputStream Write(Stream? target) => target is null ? new DiscardingOutput() : new HostOutput(target);
}
