using System.Text;

namespace Chain.Cli.Output;

/// <summary>
/// Hands text on in large pieces: the console flushes at every write, which makes a listing of a large module slow. Not thread-safe.
/// </summary>
internal sealed class ChunkedWriter(TextWriter inner) : TextWriter
{
    private const int Chunk = 32 * 1024;

    private readonly StringBuilder pending = new(Chunk);

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value)
    {
        pending.Append(value);
        DrainWhenFull();
    }

    public override void Write(string? value)
    {
        pending.Append(value);
        DrainWhenFull();
    }

    public override void Write(ReadOnlySpan<char> buffer)
    {
        pending.Append(buffer);
        DrainWhenFull();
    }

    public override void Write(StringBuilder? value)
    {
        pending.Append(value);
        DrainWhenFull();
    }

    public override void Flush()
    {
        Drain();
        inner.Flush();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Flush();
        base.Dispose(disposing);
    }

    private void DrainWhenFull()
    {
        if (pending.Length >= Chunk) Drain();
    }

    private void Drain()
    {
        inner.Write(pending);
        pending.Clear();
    }
}
