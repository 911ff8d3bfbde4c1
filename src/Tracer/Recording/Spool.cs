using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Chain.Tracer.Recording;

/// <summary>Batches on disk, in the order they came, until somebody has stored them. Safe for several threads.</summary>
/// <remarks>
/// A segment is a file of frames: length (4 bytes), CRC-32C of the payload (4), calls (4), flows (4), payload. A frame counts once it was
/// synced to
/// disk; a torn one at the end of a segment was never acknowledged and is cut off. A damaged frame elsewhere is counted and its segment
/// kept
/// aside as <c>.damaged</c>.
/// </remarks>
internal sealed partial class Spool : IDisposable
{
    private const int FrameHeader = 16;
    private const int MaxFrame = 256 << 20;

    private readonly string _folder;
    private readonly long _limit;
    private readonly long _segmentSize;
    private readonly ISpoolDisk _disk;
    private readonly Lock _lock = new();
    private readonly MemoryStream _buffer = new();
    private readonly SortedDictionary<long, Segment> _segments = [];
    private SafeFileHandle? _tail;
    private long _tailNumber;
    private SafeFileHandle? _head;
    private long _headNumber = -1;
    private long _headOffset;
    private byte[] _frame = [];

    public Spool(string folder, long limit, long segmentSize, ISpoolDisk? disk = null)
    {
        _folder = folder;
        _limit = limit;
        _segmentSize = segmentSize;
        _disk = disk ?? new SpoolDisk();
        Directory.CreateDirectory(folder);
        foreach (string path in Directory.GetFiles(folder, "*.spool"))
        {
            if (!long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture,
                out long number)) continue;
            Segment segment = Measure(path);
            _tailNumber = Math.Max(_tailNumber, number);
            if (segment.Bytes == 0) File.Delete(path);
            else _segments[number] = segment;
        }
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _segments.Values.Sum(s => s.Bytes);
        }
    }

    /// <summary>Calls that wait here.</summary>
    public long Calls
    {
        get
        {
            lock (_lock) return _segments.Values.Sum(s => s.Calls);
        }
    }

    /// <summary>Flows that wait here.</summary>
    public long Flows
    {
        get
        {
            lock (_lock) return _segments.Values.Sum(s => s.Flows);
        }
    }

    /// <summary>Frames that did not read, since this object was made.</summary>
    public long Damaged { get; private set; }

    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _segments.Count == 0;
        }
    }

    /// <summary>
    /// Appends a batch and syncs it to disk; false when that would pass the limit or the disk is full, and then nothing changed.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="names">What its ids stand for.</param>
    /// <param name="beyondLimit">Whether the limit does not hold for it, because it took room on the disk already.</param>
    public bool TryAppend(RecordBatch batch, IRecordNames names, bool beyondLimit = false)
    {
        lock (_lock)
        {
            _buffer.SetLength(FrameHeader);
            _buffer.Position = FrameHeader;
            SpoolFrame.Write(_buffer, batch, names);
            Span<byte> frame = _buffer.GetBuffer().AsSpan(0, (int)_buffer.Length);
            BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - FrameHeader);
            BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum.Of(frame[FrameHeader..]));
            BinaryPrimitives.WriteInt32LittleEndian(frame[8..], batch.Calls.Length);
            BinaryPrimitives.WriteInt32LittleEndian(frame[12..], batch.Flows.Length);
            if (!beyondLimit && _segments.Values.Sum(s => s.Bytes) + frame.Length > _limit) return false;

            Segment segment = Tail();
            try
            {
                _disk.Append(_tail!, frame, segment.Bytes);
            }
            catch (IOException)
            {
                Shorten(segment);
                return false;
            }

            segment.Bytes += frame.Length;
            segment.Calls += batch.Calls.Length;
            segment.Flows += batch.Flows.Length;
            return true;
        }
    }

    /// <summary>The oldest batch, which stays until <see cref="Remove"/>; null when there is none.</summary>
    public (RecordBatch Batch, IRecordNames Names)? Peek()
    {
        lock (_lock)
        {
            while (_segments.Count > 0)
            {
                (long number, Segment segment) = _segments.First();
                if (_headNumber != number)
                {
                    _head?.Dispose();
                    _head = File.OpenHandle(PathOf(number), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                    (_headNumber, _headOffset) = (number, 0);
                }

                if (_headOffset >= segment.Bytes)
                {
                    Drop(number, segment);
                    continue;
                }

                if (TryReadFrame(segment, out int length, out string? damage))
                {
                    try
                    {
                        return SpoolFrame.Read(_frame, length);
                    }
                    catch (InvalidDataException e)
                    {
                        damage = e.Message;
                    }
                }

                segment.Damage ??= damage;
                Damaged++;
                _headOffset = length < 0 ? segment.Bytes : _headOffset + FrameHeader + length;
            }

            return null;
        }
    }

    /// <summary>Forgets the batch that <see cref="Peek"/> gave: it is in the store.</summary>
    public void Remove(RecordBatch batch)
    {
        lock (_lock)
        {
            (long number, Segment segment) = _segments.First();
            Span<byte> header = stackalloc byte[FrameHeader];
            RandomAccess.Read(_head!, header, _headOffset);
            _headOffset += FrameHeader + BinaryPrimitives.ReadInt32LittleEndian(header);
            segment.Calls -= batch.Calls.Length;
            segment.Flows -= batch.Flows.Length;
            if (_headOffset >= segment.Bytes) Drop(number, segment);
        }
    }

    /// <summary>
    /// Puts the batch that <see cref="Peek"/> gave aside, with its whole segment once that is done: the store will never take it.
    /// </summary>
    public void Reject(RecordBatch batch, string reason)
    {
        lock (_lock)
        {
            _segments.First().Value.Damage ??= reason;
            Remove(batch);
        }
    }

    public void Dispose()
    {
        _tail?.Dispose();
        _head?.Dispose();
    }

    private bool TryReadFrame(Segment segment, out int length, out string? damage)
    {
        Span<byte> header = stackalloc byte[FrameHeader];
        length = -1;
        damage = "a frame's length is impossible";
        if (RandomAccess.Read(_head!, header, _headOffset) != FrameHeader) return false;
        int claimed = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (claimed is <= 0 or > MaxFrame || _headOffset + FrameHeader + claimed > segment.Bytes) return false;
        length = claimed;
        if (_frame.Length < length) _frame = new byte[Math.Max(length, _frame.Length * 2)];
        damage = "a frame's checksum is wrong";
        return RandomAccess.Read(_head!, _frame.AsSpan(0, length), _headOffset + FrameHeader) == length &&
               Checksum.Of(_frame.AsSpan(0, length)) == BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
    }

    private Segment Tail()
    {
        if (_tail is not null && _segments.TryGetValue(_tailNumber, out Segment? current) && current.Bytes < _segmentSize) return current;
        _tail?.Dispose();
        // Always a new one after a restart: an old one's end may be torn.
        _tail = File.OpenHandle(PathOf(++_tailNumber), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        SyncFolder();
        return _segments[_tailNumber] = new Segment();
    }

    private void Shorten(Segment segment)
    {
        try
        {
            RandomAccess.SetLength(_tail!, segment.Bytes);
        }
        catch (IOException)
        {
            // What is left there is not counted in Bytes and is overwritten by the next frame.
        }

        if (segment.Bytes > 0) return;
        _segments.Remove(_tailNumber);
        _tail!.Dispose();
        _tail = null;
        File.Delete(PathOf(_tailNumber));
    }

    private void Drop(long number, Segment segment)
    {
        _segments.Remove(number);
        _head?.Dispose();
        (_head, _headNumber) = (null, -1);
        if (number == _tailNumber)
        {
            _tail?.Dispose();
            _tail = null;
        }

        if (segment.Damage is null) File.Delete(PathOf(number));
        else File.Move(PathOf(number), Path.ChangeExtension(PathOf(number), ".damaged"), overwrite: true);
        SyncFolder();
    }

    // Up to the last frame that is whole; a torn end was never acknowledged.
    private static Segment Measure(string path)
    {
        var segment = new Segment();
        using SafeFileHandle file = File.OpenHandle(path);
        long length = RandomAccess.GetLength(file);
        Span<byte> header = stackalloc byte[FrameHeader];
        while (RandomAccess.Read(file, header, segment.Bytes) == FrameHeader)
        {
            int claimed = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (claimed is <= 0 or > MaxFrame || segment.Bytes + FrameHeader + claimed > length) break;
            segment.Bytes += FrameHeader + claimed;
            segment.Calls += BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
            segment.Flows += BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        }

        return segment;
    }

    private string PathOf(long number) => Path.Combine(_folder, number.ToString("D12", CultureInfo.InvariantCulture) + ".spool");

    // A new name is on disk only when its folder is.
    private void SyncFolder()
    {
        if (OperatingSystem.IsWindows()) return;
        int folder = Open(_folder, 0);
        if (folder < 0) return;
        _ = Sync(folder);
        _ = Close(folder);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    private sealed class Segment
    {
        public long Bytes { get; set; }

        public long Calls { get; set; }

        public long Flows { get; set; }

        public string? Damage { get; set; }
    }
}

/// <summary>Where frames and buffers are written; tests put a disk here that is full.</summary>
internal interface ISpoolDisk
{
    /// <summary>Writes and syncs.</summary>
    /// <exception cref="IOException">The disk is full or broken; part of it may have been written.</exception>
    void Append(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Writes, for the sake of the room on the disk, and does not sync.</summary>
    /// <exception cref="IOException">The disk is full or broken; part of it may have been written.</exception>
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);
}

/// <summary>The real one.</summary>
internal sealed class SpoolDisk : ISpoolDisk
{
    public void Append(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        RandomAccess.Write(file, bytes, offset);
        RandomAccess.FlushToDisk(file);
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);
}
