using System.Collections.Immutable;
using System.Text;
using System.Threading.Channels;
using Chain.Silo.Calls;

namespace Chain.Silo.Hosting.Local;

/// <summary>A line that a guest wrote.</summary>
/// <param name="Number">1, 2, … within the application.</param>
/// <param name="At">When.</param>
/// <param name="Component">Which component.</param>
/// <param name="Source"><c>stdout</c>, <c>stderr</c>, or a level of <c>wasi:logging</c>.</param>
/// <param name="Text">Without its line end.</param>
/// <param name="Trace">The chain in which it was written; empty for none.</param>
public sealed record LogLine(long Number, DateTimeOffset At, string Component, string Source, string Text, string Trace);

/// <summary>What the guests of one application wrote: the latest lines, and those to come. Safe for any thread.</summary>
public sealed class ApplicationLog
{
    /// <summary>Lines that are kept.</summary>
    public const int MostLines = 10_000;

    /// <summary>Characters of a line; the rest is cut.</summary>
    public const int LongestLine = 8 * 1024;

    private readonly Lock gate = new();
    private readonly Queue<LogLine> lines = new();
    private ImmutableArray<Channel<LogLine>> followers = [];
    private long count;

    public void Add(string component, string source, string text, string trace)
    {
        if (text.Length > LongestLine) text = text[..LongestLine] + "…";
        lock (gate)
        {
            var line = new LogLine(++count, DateTimeOffset.UtcNow, component, source, text, trace);
            if (lines.Count == MostLines) lines.Dequeue();
            lines.Enqueue(line);
            foreach (Channel<LogLine> follower in followers) follower.Writer.TryWrite(line);
        }
    }

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyList<LogLine> Last(int most)
    {
        lock (gate) return [.. lines.Skip(Math.Max(0, lines.Count - most))];
    }

    /// <summary>The last lines, and then those that are written from now on.</summary>
    public async IAsyncEnumerable<LogLine> FollowAsync(int most, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropOldest });
        IReadOnlyList<LogLine> before;
        lock (gate)
        {
            before = [.. lines.Skip(Math.Max(0, lines.Count - most))];
            followers = followers.Add(channel);
        }

        try
        {
            foreach (LogLine line in before) yield return line;
            await foreach (LogLine line in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false)) yield return line;
        }
        finally
        {
            lock (gate) followers = followers.Remove(channel);
        }
    }
}

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
