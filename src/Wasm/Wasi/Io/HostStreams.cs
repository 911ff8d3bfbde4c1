using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Io;

/// <summary>
/// Reads a stream of the host, such as standard input. A read of the host is under way only while the guest has asked for bytes that are not there.
/// The host's stream stays open: handles to it come and go.
/// </summary>
/// <param name="source">Read from the guest's thread where it answers at once, and by its own means where it does not.</param>
public sealed class HostInput(Stream source) : InputStream
{
    private const int BufferBytes = 64 * 1024;

    private byte[] buffer = [];
    private int start;
    private int end;
    private Task<int>? pending;
    private Arrival? arrival;

    protected override Pollable Readiness => arrival ??= new Arrival(this);

    protected override Result<byte[], StreamError> ReadCore(int length)
    {
        if (length == 0) return Array.Empty<byte>();
        if (!Fill()) return Array.Empty<byte>();
        if (start < end)
        {
            byte[] bytes = buffer[start..Math.Min(end, start + length)];
            start += bytes.Length;
            return bytes;
        }

        return pending is { IsFaulted: true } failed ? StreamError.Failed(Describe(failed.Exception!.InnerException!)) : StreamError.Closed;
    }

    // Only what kind of failure: the text of an exception may name files of the host.
    private static string Describe(Exception failure) => $"reading failed ({failure.GetType().Name})";

    /// <summary>Asks the host for bytes when there are none.</summary>
    /// <returns>Whether there are bytes now, or the end, or a failure.</returns>
    private bool Fill()
    {
        if (start < end) return true;
        if (pending is null)
        {
            if (buffer.Length == 0) buffer = new byte[BufferBytes];
            try
            {
                pending = source.ReadAsync(buffer.AsMemory()).AsTask();
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException or NotSupportedException or UnauthorizedAccessException)
            {
                pending = Task.FromException<int>(failure);
            }

            if (!pending.IsCompleted) pending.ContinueWith(static (_, self) => ((HostInput)self!).arrival?.Signal(), this, TaskScheduler.Default);
        }

        if (!pending.IsCompleted) return false;
        if (pending.IsCompletedSuccessfully && pending.Result > 0)
        {
            (start, end, pending) = (0, pending.Result, null);
        }

        return true;
    }

    private sealed class Arrival(HostInput input) : Pollable
    {
        public override bool IsReady => input.Fill();
    }
}

/// <summary>Writes to a stream of the host, such as standard output, on the guest's thread. The host's stream stays open: handles to it come and go.</summary>
public sealed class HostOutput(Stream target) : OutputStream
{
    /// <summary>The most bytes that one write takes.</summary>
    public const int MaxWrite = 64 * 1024;

    protected override Pollable Readiness => Pollable.Always;

    protected override Result<ulong, StreamError> CapacityCore() => MaxWrite;

    protected override Result<Unit, StreamError> WriteCore(ReadOnlySpan<byte> contents)
    {
        try
        {
            target.Write(contents);
            return default(Unit);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            return StreamError.Failed($"writing failed ({failure.GetType().Name})");
        }
    }

    protected override Result<Unit, StreamError> FlushCore()
    {
        try
        {
            target.Flush();
            return default(Unit);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            return StreamError.Failed($"flushing failed ({failure.GetType().Name})");
        }
    }
}

/// <summary>Takes everything and keeps nothing.</summary>
public sealed class DiscardingOutput : OutputStream
{
    protected override Pollable Readiness => Pollable.Always;

    protected override Result<ulong, StreamError> CapacityCore() => HostOutput.MaxWrite;

    protected override Result<Unit, StreamError> WriteCore(ReadOnlySpan<byte> contents) => default(Unit);
}

/// <summary>An input that is at its end.</summary>
public sealed class EmptyInput : InputStream
{
    protected override Pollable Readiness => Pollable.Always;

    protected override Result<byte[], StreamError> ReadCore(int length) => StreamError.Closed;
}
