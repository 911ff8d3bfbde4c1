using System.Buffers.Binary;
using Chain.Tracer.Storage;

namespace Chain.Tracer.Recording;

/// <summary>
/// Who a recorder is, kept beside its spool so that it survives the process and the absence of Postgres. Locks the folder.
/// </summary>
/// <remarks>
/// One block of fixed size, overwritten in place: that works on a full disk too. The reservation says up to when ids may have been issued;
/// a
/// successor issues later ones only, whatever its clock says.
/// </remarks>
internal sealed class NodeFile : IDisposable
{
    private const long Magic = 0x3130_45444F4E4843; // "CHNODE01"
    private const int Size = 96;

    private readonly FileStream _file;
    private readonly Lock _writing = new();

    private NodeFile(FileStream file) => _file = file;

    public Guid Identity { get; private set; }

    /// <summary>Null until the store gave one.</summary>
    public NodeRegistration? Registration { get; private set; }

    /// <summary>Ids may have been issued for times before this; microseconds since the epoch of ids.</summary>
    public long IssuedBefore { get; private set; }

    /// <summary>Calls and flows that this node lost, in all its processes.</summary>
    public long Lost { get; private set; }

    /// <summary>Opens or makes the file.</summary>
    /// <exception cref="StoreException">Another process has it.</exception>
    public static NodeFile Open(string folder)
    {
        string path = Path.Combine(folder, "node");
        FileStream file;
        try
        {
            Directory.CreateDirectory(folder);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e)
        {
            throw new StoreException($"the spool {folder} cannot be used: {e.Message}", e);
        }

        var node = new NodeFile(file);
        if (!node.TryRead()) node.Reset();
        return node;
    }

    /// <summary>Becomes a node that the store has never seen.</summary>
    public void Reset()
    {
        Identity = Guid.NewGuid();
        Registration = null;
        IssuedBefore = 0;
        Lost = 0;
        Write();
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Keeps what the store said.</summary>
    public void Keep(NodeRegistration registration)
    {
        Registration = registration;
        Write();
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Says that ids may be issued for times before <paramref name="issuedBefore"/>, and what was lost so far.</summary>
    public void Reserve(long issuedBefore, long lost)
    {
        IssuedBefore = issuedBefore;
        Lost = lost;
        Write();
    }

    public void Dispose() => _file.Dispose();

    private bool TryRead()
    {
        Span<byte> block = stackalloc byte[Size];
        if (RandomAccess.Read(_file.SafeFileHandle, block, 0) != Size ||
            BinaryPrimitives.ReadInt64LittleEndian(block) != Magic ||
            BinaryPrimitives.ReadUInt32LittleEndian(block[(Size - 4)..]) != Checksum.Of(block[..(Size - 4)])) return false;
        Identity = new Guid(block.Slice(8, 16));
        IssuedBefore = BinaryPrimitives.ReadInt64LittleEndian(block[24..]);
        Lost = BinaryPrimitives.ReadInt64LittleEndian(block[32..]);
        int lanes = BinaryPrimitives.ReadInt32LittleEndian(block[48..]);
        if (lanes > 0)
        {
            Registration = new NodeRegistration(BinaryPrimitives.ReadInt32LittleEndian(block[40..]),
                BinaryPrimitives.ReadInt32LittleEndian(block[44..]), lanes);
        }

        return true;
    }

    private void Write()
    {
        lock (_writing)
        {
            Span<byte> block = stackalloc byte[Size];
            block.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(block, Magic);
            Identity.TryWriteBytes(block[8..]);
            BinaryPrimitives.WriteInt64LittleEndian(block[24..], IssuedBefore);
            BinaryPrimitives.WriteInt64LittleEndian(block[32..], Lost);
            BinaryPrimitives.WriteInt32LittleEndian(block[40..], Registration?.Id ?? 0);
            BinaryPrimitives.WriteInt32LittleEndian(block[44..], Registration?.FirstLane ?? 0);
            BinaryPrimitives.WriteInt32LittleEndian(block[48..], Registration?.Lanes ?? 0);
            BinaryPrimitives.WriteUInt32LittleEndian(block[(Size - 4)..], Checksum.Of(block[..(Size - 4)]));
            RandomAccess.Write(_file.SafeFileHandle, block, 0);
        }
    }
}
