using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>An error of a stream of a file: <c>filesystem-error-code</c> gives its code.</summary>
internal sealed class FilesystemError(ErrorCode code) : IoError($"file system error: {code}")
{
    public ErrorCode Code { get; } = code;
}

/// <summary>Reads a file from an offset on, to its end.</summary>
internal sealed class FileInput : InputStream
{
    private const int MaxStep = 64 * 1024;

    private readonly HostNode node;
    private long offset;
    private bool isDropped;

    public FileInput(HostNode node, long offset)
    {
        (this.node, this.offset) = (node, offset);
        node.Retain();
    }

    protected override Pollable Readiness => Pollable.Always;

    public override void Dispose()
    {
        base.Dispose();
        if (isDropped) return;
        isDropped = true;
        node.Release();
    }

    protected override Result<byte[], StreamError> ReadCore(int length)
    {
        if (length == 0) return Array.Empty<byte>();
        byte[] bytes = GC.AllocateUninitializedArray<byte>(Math.Min(length, MaxStep));
        Result<int, ErrorCode> read = node.Read(bytes, offset);
        if (read.IsError) return StreamError.Failed(new FilesystemError(read.Error));
        if (read.Value == 0) return StreamError.Closed;
        offset += read.Value;
        return read.Value == bytes.Length ? bytes : bytes[..read.Value];
    }
}

/// <summary>Writes to a file, from an offset on or at its end.</summary>
internal sealed class FileOutput : OutputStream
{
    private const int MaxWrite = 1 << 20;

    private readonly HostNode node;
    private long? offset;
    private bool isDropped;

    /// <param name="node">The file.</param>
    /// <param name="offset">Where the next byte goes; <see langword="null"/> for the end that the file has at that time.</param>
    public FileOutput(HostNode node, long? offset)
    {
        (this.node, this.offset) = (node, offset);
        node.Retain();
    }

    protected override Pollable Readiness => Pollable.Always;

    public override void Dispose()
    {
        base.Dispose();
        if (isDropped) return;
        isDropped = true;
        node.Release();
    }

    protected override Result<ulong, StreamError> CapacityCore() => MaxWrite;

    protected override Result<Unit, StreamError> WriteCore(ReadOnlySpan<byte> contents)
    {
        while (!contents.IsEmpty)
        {
            if (offset > long.MaxValue - contents.Length) return StreamError.Failed(new FilesystemError(ErrorCode.FileTooLarge));
            Result<int, ErrorCode> step = offset is { } at ? node.Write(contents, at) : node.Append(contents);
            if (step.IsError) return StreamError.Failed(new FilesystemError(step.Error));
            contents = contents[step.Value..];
            offset += step.Value;
        }

        return default(Unit);
    }
}
