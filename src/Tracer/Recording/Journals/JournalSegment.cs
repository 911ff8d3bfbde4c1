using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Chain.Tracer.Recording.Buffers;

namespace Chain.Tracer.Recording.Journals;

/// <summary>One mapped file of a journal, filled from its start by any number of threads, and used again once all its frames are kept.</summary>
internal sealed unsafe class JournalSegment : IFrameFile
{
    // Beyond every offset: a closed segment has no room.
    private const long Closed = 1L << 40;

    private readonly MappedFile _file;
    private readonly Action<JournalSegment> _done;
    private readonly uint _salt;
    private long _taken = JournalLayout.Head;
    private long _kept = JournalLayout.Head;

    private JournalSegment(string path, MappedFile file, Action<JournalSegment> done)
    {
        Path = path;
        _file = file;
        _done = done;
        _salt = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)) | 0x8000_0000;
        JournalLayout.WriteHead(new Span<byte>(file.At(0), JournalLayout.Head), _salt);
    }

    public string Path { get; }

    /// <summary>Bytes of frames that are not kept yet.</summary>
    public long Waiting => (Volatile.Read(ref _taken) & ~Closed) - Volatile.Read(ref _kept);

    /// <summary>Whether the segment is closed and all its frames are kept.</summary>
    public bool IsDone
    {
        get
        {
            long taken = Volatile.Read(ref _taken);
            return (taken & Closed) != 0 && (taken & ~Closed) == Volatile.Read(ref _kept);
        }
    }

    /// <summary>Makes a file of zeros and maps it.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="disk">Where.</param>
    /// <param name="done">Called when <see cref="IsDone"/> has become true, perhaps more than once, and perhaps when it is not so any more.</param>
    /// <exception cref="IOException">There is no room for it, or its file system does not map files.</exception>
    public static JournalSegment Create(string path, int length, ISpoolDisk disk, Action<JournalSegment> done) => new(path, MappedFile.Create(path, length, disk), done);

    /// <summary>Appends a frame; false where the segment has no room for it or is closed.</summary>
    public bool TryAppend(ReadOnlySpan<byte> start, ReadOnlySpan<byte> rest, out FrameTicket ticket)
    {
        ticket = default;
        int length = start.Length + rest.Length, size = JournalLayout.SizeOf(length);
        long at = Volatile.Read(ref _taken);
        while (true)
        {
            if (at + size > _file.Length) return false;
            long seen = Interlocked.CompareExchange(ref _taken, at + size, at);
            if (seen == at) break;
            at = seen;
        }

        byte* frame = _file.At(at);
        // Mark and length at once, so that a reader finds the next frame whatever becomes of this one.
        Volatile.Write(ref Unsafe.AsRef<ulong>(frame), ((ulong)(uint)length << 32) | JournalLayout.Taken(_salt));
        var payload = new Span<byte>(frame + JournalLayout.FrameHead, length);
        start.CopyTo(payload);
        rest.CopyTo(payload[start.Length..]);
        *(uint*)(frame + 8) = JournalLayout.CheckOf(payload, _salt);
        Volatile.Write(ref Unsafe.AsRef<uint>(frame), JournalLayout.Whole(_salt));
        ticket = new FrameTicket(this, (int)at, size);
        return true;
    }

    public void Keep(int offset, int size)
    {
        *(uint*)(_file.At(offset) + JournalLayout.StateOffset) = JournalLayout.Kept;
        Interlocked.Add(ref _kept, size);
        if (IsDone) _done(this);
    }

    /// <summary>Takes no more frames.</summary>
    public void Close()
    {
        Interlocked.Or(ref _taken, Closed);
        if (IsDone) _done(this);
    }

    /// <summary>Empties a segment that is done, to be filled again.</summary>
    public void Reopen()
    {
        // What a successor finds behind new frames must not be old ones. Nobody writes here: it is closed and every frame of it is kept.
        new Span<byte>(_file.At(JournalLayout.Head), (int)(Volatile.Read(ref _kept) - JournalLayout.Head)).Clear();
        Volatile.Write(ref _kept, JournalLayout.Head);
        Volatile.Write(ref _taken, JournalLayout.Head);
    }
}
