using System.Text;
using Chain.Silo.Calls;

namespace Chain.Silo.Hosting.Local;

/// <summary>Cuts what a guest writes to a standard stream into lines of its application's log. For the guest's thread.</summary>
internal sealed class LogStream(ApplicationLog log, Guest guest, string component, string source) : Stream
{
    private readonly List<byte> line = [];

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        foreach (byte one in buffer)
        {
            if (one == '\n' || line.Count == ApplicationLog.LongestLine * 4) EndLine();
            if (one != '\n') line.Add(one);
        }
    }

    /// <summary>Ends a line that has no line end, when the guest's call ends.</summary>
    public void EndLine()
    {
        if (line.Count == 0) return;
        string text = Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
        line.Clear();
        log.Add(component, source, text, guest.TraceText);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
