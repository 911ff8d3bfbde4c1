using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Microsoft.Win32.SafeHandles;
using CallSite = Chain.Tracer.Calls.CallSite;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>What the ids in a recorder's buffers stand for, in a file beside them: an id is there before a record with it is. Safe for any number of threads.</summary>
/// <remarks>
/// An entry is a magic number, the payload's length and its CRC-32C (4 bytes each), then the payload: kind, id, names; filled up to eight bytes, so that a
/// reader finds the next one behind one that is damaged. Entries are written to the system, not synced: they are for those who outlive a process.
/// </remarks>
internal sealed class NameJournal : IDisposable
{
    private const uint Magic = 0x454D414E; // "NAME"
    private const int Header = 12;
    private const int Longest = 1 << 20;
    private const int Room = 256 << 10;
    private const byte LabelKind = 1;
    private const byte SiteKind = 2;
    private const byte KeyKind = 3;

    // On a disk that is full there is no sense in trying at every call.
    private const long Pause = 1000;

    private readonly LabelStore _labels;
    private readonly CallNames _names;
    private readonly ISpoolDisk _disk;
    private readonly SafeFileHandle _file;
    private readonly Lock _writing = new();
    private readonly MemoryStream _buffer = new();
    private long _length;
    private long _room;
    private long _pausedUntil;
    private bool _closed;
    // Ids below these are in the file. The empty label is known to everybody.
    private int _labelCount = 1;
    private int _siteCount;
    private int _keyCount = 1;

    /// <summary>Makes the file, in place of one that is there, with room for the first names.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    public NameJournal(string path, LabelStore labels, CallNames names, ISpoolDisk disk)
    {
        _labels = labels;
        _names = names;
        _disk = disk;
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            Extend();
        }
        catch
        {
            _file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Whether all of these are in the file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Covers(CallSiteId site, LabelId labelIn, LabelId labelOut)
    {
        uint labels = (uint)Volatile.Read(ref _labelCount);
        return (uint)site.Value < (uint)Volatile.Read(ref _siteCount) && (uint)labelIn.Value < labels && (uint)labelOut.Value < labels;
    }

    /// <summary>Whether all of these are in the file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Covers(StateKeyId key, LabelId label) =>
        (uint)key.Value < (uint)Volatile.Read(ref _keyCount) && (uint)label.Value < (uint)Volatile.Read(ref _labelCount);

    /// <summary>Writes what is missing of these, and of those before them.</summary>
    /// <remarks>Where the disk takes no more, the call is recorded all the same; but a record with a name that is not here does not survive a kill.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Somebody made an id up.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Add(CallSiteId site, LabelId labelIn, LabelId labelOut) 
    {
        // So that an id that somebody made up is his fault here, and nobody else's later.
        _ = (_names[site], _labels[labelIn], _labels[labelOut]);
        Write(site.Value + 1, Math.Max(labelIn.Value, labelOut.Value) + 1, 0);
    }

    /// <summary>Writes what is missing of these, and of those before them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Somebody made an id up.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Add(StateKeyId key, LabelId label) 
    {
        _ = (_names[key], _labels[label]);
        Write(0, label.Value + 1, key.Value + 1);
    }

    public void Dispose()
    {
        lock (_writing)
        {
            // Whoever ends a call too late finds nobody who writes, as with a disk that is full.
            _closed = true;
            _file.Dispose();
            _buffer.Dispose();
        }
    }

    private void Write(int sites, int labels, int keys)
    {
        if (Environment.TickCount64 < Volatile.Read(ref _pausedUntil)) return;
        lock (_writing)
        {
            if (_closed) return;
            (sites, labels, keys) = (Math.Max(sites, _siteCount), Math.Max(labels, _labelCount), Math.Max(keys, _keyCount));
            _buffer.SetLength(0);
            using var writer = new BinaryWriter(_buffer, Encoding.UTF8, leaveOpen: true);
            for (int id = _labelCount; id < labels; id++) Entry(writer, LabelKind, id, static (to, names, at) => to.Write(names._labels[new LabelId(at)].ToString()));
            for (int id = _siteCount; id < sites; id++) Entry(writer, SiteKind, id, static (to, names, at) => NameText.Write(to, names._names[new CallSiteId(at)]));
            for (int id = _keyCount; id < keys; id++) Entry(writer, KeyKind, id, static (to, names, at) => NameText.Write(to, names._names[new StateKeyId(at)]));
            if (!TryAppend(_buffer.GetBuffer().AsSpan(0, (int)_buffer.Length)))
            {
                Volatile.Write(ref _pausedUntil, Environment.TickCount64 + Pause);
                return;
            }

            Volatile.Write(ref _labelCount, labels);
            Volatile.Write(ref _siteCount, sites);
            Volatile.Write(ref _keyCount, keys);
        }
    }

    private void Entry(BinaryWriter writer, byte kind, int id, Action<BinaryWriter, NameJournal, int> names)
    {
        long start = _buffer.Position;
        writer.Write(Magic);
        writer.Write(0L);
        writer.Write(kind);
        writer.Write(id);
        names(writer, this, id);
        writer.Flush();
        int length = (int)(_buffer.Position - start) - Header;
        while ((_buffer.Position - start) % 8 != 0) writer.Write((byte)0);
        writer.Flush();
        Span<byte> entry = _buffer.GetBuffer().AsSpan((int)start);
        BinaryPrimitives.WriteInt32LittleEndian(entry[4..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], Checksum.Of(entry.Slice(Header, length)));
    }

    private bool TryAppend(ReadOnlySpan<byte> entries)
    {
        try
        {
            while (_length + entries.Length > _room - (Room / 2)) Extend();
        }
        catch (IOException)
        {
            // What was written ahead may still do.
            if (_length + entries.Length > _room) return false;
        }

        try
        {
            RandomAccess.Write(_file, entries, _length);
        }
        catch (IOException)
        {
            return false;
        }

        _length += entries.Length;
        return true;
    }

    private void Extend()
    {
        _disk.Write(_file, new byte[Room], _room);
        _room += Room;
    }

    /// <summary>Reads what a process left.</summary>
    /// <param name="path">The file.</param>
    /// <param name="damaged">How many places were passed over because they are no entries.</param>
    public static NameTable Read(string path, out int damaged)
    {
        var names = new NameTable();
        names.Labels[0] = Label.Empty;
        names.Keys[0] = default;
        damaged = 0;
        ReadOnlySpan<byte> bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        bool sound = true;
        for (int at = 0; at + Header <= bytes.Length;)
        {
            if (TryRead(bytes[at..], names, out int size))
            {
                at += size;
                sound = true;
                continue;
            }

            // Zeros are what is not written yet.
            if (sound && bytes.Slice(at, Math.Min(8, bytes.Length - at)).ContainsAnyExcept((byte)0))
            {
                damaged++;
                sound = false;
            }

            at += 8;
        }

        return names;
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, NameTable names, out int size)
    {
        size = 0;
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic || length is <= 0 or > Longest || length > bytes.Length - Header) return false;
        ReadOnlySpan<byte> payload = bytes.Slice(Header, length);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Checksum.Of(payload)) return false;
        try
        {
            using var reader = new BinaryReader(new MemoryStream(payload.ToArray()));
            byte kind = reader.ReadByte();
            int id = reader.ReadInt32();
            switch (kind)
            {
                case LabelKind: names.Labels[id] = Label.Parse(reader.ReadString()); break;
                case SiteKind: names.Sites[id] = NameText.ReadSite(reader); break;
                case KeyKind: names.Keys[id] = NameText.ReadKey(reader); break;
                default: return false;
            }
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return false;
        }

        size = (Header + length + 7) / 8 * 8;
        return true;
    }
}
