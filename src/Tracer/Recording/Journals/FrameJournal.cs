using System.Globalization;

namespace Chain.Tracer.Recording.Journals;

/// <summary>How much a <see cref="FrameJournal"/> takes.</summary>
public sealed record FrameJournalOptions
{
    /// <summary>Bytes of one file, at most 1 GiB. Default 1 MiB.</summary>
    public int SegmentSize { get; init; } = 1 << 20;

    /// <summary>Most files at a time; when all are full, frames are in memory only. Default 64.</summary>
    public int MostSegments { get; init; } = 64;
}

/// <summary>
/// Frames of bytes that survive their process until they are kept elsewhere: <see cref="Append"/> copies one into a mapped file, without a system call, a lock or an
/// allocation, and when the process is killed the next one finds it (<see cref="ReadLeft"/>). Safe for any number of threads; one journal at a time has a folder.
/// </summary>
/// <remarks>
/// Not synced: a frame survives the process, not the machine. A file is written in full before it is mapped, so that a disk that fills up later does no harm; when there is no
/// room for another file, or all are full, frames are not taken, which <see cref="Unprotected"/> counts, and it is tried again after a second. Nothing ever waits for the disk to
/// have room.
/// </remarks>
public sealed class FrameJournal : IDisposable
{
    private const string Extension = ".journal";

    // On a disk that is full there is no sense in trying at every frame.
    private const long Pause = 1000;

    private readonly string _folder;
    private readonly FrameJournalOptions _options;
    private readonly ISpoolDisk _disk;
    private readonly string[] _left;
    private readonly Lock _gate = new();
    private readonly List<JournalSegment> _segments = [];
    private JournalSegment? _current;
    private JournalSegment? _spare;
    private long _number;
    private long _pausedUntil;
    private long _unprotected;
    private long _damaged;
    private bool _disposed;

    private FrameJournal(string folder, FrameJournalOptions options, ISpoolDisk disk)
    {
        _folder = folder;
        _options = options;
        _disk = disk;
        Directory.CreateDirectory(folder);
        _left = [.. Directory.GetFiles(folder, "*" + Extension).Order(StringComparer.Ordinal)];
        foreach (string path in Directory.GetFiles(folder))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out long number)) _number = Math.Max(_number, number);
        }

        lock (_gate) _current = Make();
    }

    /// <summary>Frames that no file took, because the disk is full or too many wait.</summary>
    public long Unprotected => Interlocked.Read(ref _unprotected);

    /// <summary>Places in what a killed process left that do not read; their files are kept aside as <c>.damaged</c>.</summary>
    public long Damaged => Interlocked.Read(ref _damaged);

    /// <summary>Bytes of frames that this process appended and that are not kept yet.</summary>
    public long Waiting
    {
        get
        {
            lock (_gate) return _segments.Sum(static one => one.Waiting);
        }
    }

    /// <summary>Opens a journal, and makes its first file where there is room for it.</summary>
    /// <param name="folder">Made where it is not there. Nobody else may have it.</param>
    /// <param name="options">How much it takes.</param>
    /// <exception cref="IOException">The folder cannot be made or read.</exception>
    public static FrameJournal Open(string folder, FrameJournalOptions? options = null) => Open(folder, options ?? new FrameJournalOptions(), new SpoolDisk());

    internal static FrameJournal Open(string folder, FrameJournalOptions options, ISpoolDisk disk) => new(folder, options, disk);

    /// <summary>Appends a frame, in two parts as it may come.</summary>
    /// <returns>To be told when it is kept elsewhere; <c>default</c> where no file took it.</returns>
    public FrameTicket Append(ReadOnlySpan<byte> start, ReadOnlySpan<byte> rest = default) =>
        Volatile.Read(ref _current) is { } segment && segment.TryAppend(start, rest, out FrameTicket ticket) ? ticket : AppendSlowly(start, rest);

    /// <summary>What processes before this one left. A frame that is not kept is found again by the next process. To be read once, by one thread.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IEnumerable<LeftFrame> ReadLeft()
    {
        foreach (string path in _left)
        {
            IReadOnlyList<LeftFrame> frames = LeftFile.Read(path, out int damaged);
            Interlocked.Add(ref _damaged, damaged);
            foreach (LeftFrame frame in frames) yield return frame;
        }
    }

    /// <summary>Takes no more frames, and removes the files in which all are kept; the others are for the next process.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _current = _spare = null;
            foreach (JournalSegment segment in _segments.ToArray()) segment.Close();
        }
    }

    private FrameTicket AppendSlowly(ReadOnlySpan<byte> start, ReadOnlySpan<byte> rest)
    {
        lock (_gate)
        {
            // Another thread may have changed to the next one meanwhile.
            if (_current is { } segment && segment.TryAppend(start, rest, out FrameTicket ticket)) return ticket;
            bool fits = JournalLayout.Head + (long)JournalLayout.SizeOf(0) + start.Length + rest.Length <= _options.SegmentSize;
            if (!_disposed && fits && Next() is { } next)
            {
                JournalSegment? full = _current;
                Volatile.Write(ref _current, next);
                full?.Close();
                if (next.TryAppend(start, rest, out ticket)) return ticket;
            }

            Interlocked.Increment(ref _unprotected);
            return default;
        }
    }

    private JournalSegment? Next()
    {
        JournalSegment? next = _spare;
        _spare = null;
        return next ?? Make();
    }

    private JournalSegment? Make()
    {
        if (_segments.Count >= _options.MostSegments || Environment.TickCount64 < _pausedUntil) return null;
        try
        {
            string path = Path.Combine(_folder, (++_number).ToString("D12", CultureInfo.InvariantCulture) + Extension);
            JournalSegment made = JournalSegment.Create(path, _options.SegmentSize, _disk, Done);
            _segments.Add(made);
            return made;
        }
        catch (IOException)
        {
            _pausedUntil = Environment.TickCount64 + Pause;
            return null;
        }
    }

    // One empty segment is enough for the next change; more are there only after the store was away.
    private void Done(JournalSegment segment)
    {
        lock (_gate)
        {
            // Two threads may have seen it, and the first has dealt with it.
            if (!segment.IsDone || !_segments.Contains(segment)) return;
            if (!_disposed && _spare is null)
            {
                segment.Reopen();
                _spare = segment;
                return;
            }

            _segments.Remove(segment);
            TryDelete(segment.Path);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // The next process finds a file in which nothing waits.
        }
    }
}
