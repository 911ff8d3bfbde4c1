using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Chain.Tracer.Calls;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Microsoft.Win32.SafeHandles;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>What was found in the buffers of a process that did not stop in order.</summary>
/// <param name="Calls">Calls that are in the spool now.</param>
/// <param name="Flows">Flows that are in the spool now.</param>
/// <param name="Damaged">Records and names that did not read; the files are kept aside then.</param>
internal readonly record struct Recovered(int Calls, int Flows, int Damaged);

/// <summary>Moves the records that a killed process left in its buffers to the spool, from where they go to the store like any others.</summary>
/// <remarks>
/// Some of them may be in the store or the spool already: what was kept a moment before, or moved by a recovery that was killed in turn. The store takes a call
/// once. Nothing that can be in the files stops this; what does not read is counted.
/// </remarks>
internal sealed class BufferRecovery
{
    private readonly Spool _spool;
    private readonly int _batchSize;
    private readonly NameTable _names;
    private readonly List<CallRecord> _calls = [];
    private readonly List<FlowRecord> _flows = [];
    private readonly List<ForeignTrace> _traces = [];
    private readonly HashSet<CallId> _seenCalls = [];
    private readonly HashSet<(CallId, short)> _seenFlows = [];
    private int _damaged;

    private BufferRecovery(Spool spool, int batchSize, NameTable names, int damaged)
    {
        _spool = spool;
        _batchSize = batchSize;
        _names = names;
        _damaged = damaged;
    }

    /// <summary>Empties the folder. Does nothing where the last process stopped in order.</summary>
    /// <exception cref="StoreException">The spool's disk does not take the records; they stay where they are.</exception>
    public static Recovered Run(string folder, Spool spool, int batchSize)
    {
        string path = BufferFiles.Records(folder);
        if (!File.Exists(path))
        {
            if (Directory.Exists(folder)) BufferFiles.Delete(folder);
            return default;
        }

        Recovered found;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            NameTable names = NameJournal.Read(BufferFiles.Names(folder), out int damagedNames);
            var recovery = new BufferRecovery(spool, batchSize, names, damagedNames);
            recovery.Read(file);
            found = new Recovered(recovery._seenCalls.Count, recovery._seenFlows.Count, recovery._damaged);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"what a killed process left in {folder} cannot be moved to the spool: {e.Message}", e);
        }

        if (found.Damaged > 0) BufferFiles.SetAside(folder);
        else BufferFiles.Delete(folder);
        return found;
    }

    private void Read(SafeFileHandle file)
    {
        byte[] head = new byte[BufferLayout.HeadSize];
        _ = ReadFully(file, head, 0);
        // Killed before there was anything.
        if (!head.AsSpan().ContainsAnyExcept((byte)0)) return;
        BufferLayout layout;
        try
        {
            layout = BufferLayout.Read(head);
        }
        catch (InvalidDataException)
        {
            _damaged++;
            return;
        }

        long length = RandomAccess.GetLength(file);
        if (length < layout.Length) _damaged++;
        foreach (Section section in layout.Sections())
        {
            if (section.Offset >= length) break;
            byte[] bytes = new byte[section.Length];
            _ = ReadFully(file, bytes, section.Offset);
            switch (section.Kind)
            {
                case SectionKind.Calls: Find<CallRecord>(bytes, section, Add); break;
                case SectionKind.Flows: Find<FlowRecord>(bytes, section, Add); break;
                default: Find<TraceSlot>(bytes, section, slot => _traces.Add(slot.Value)); break;
            }
        }

        Spool();
    }

    // The slots that were published and are still needed.
    private void Find<T>(byte[] bytes, Section section, Action<T> add)
        where T : unmanaged, IRingRecord
    {
        long mark = Math.Max(0, MemoryMarshal.Read<long>(bytes));
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan(Section.Words, section.Capacity * sizeof(ulong)));
        ReadOnlySpan<T> records = MemoryMarshal.Cast<byte, T>(bytes.AsSpan((int)section.Records, section.Capacity * Unsafe.SizeOf<T>()));
        int first = (int)(mark % section.Capacity);
        for (int i = 0; i < section.Capacity; i++)
        {
            int slot = (first + i) % section.Capacity;
            uint round = (uint)words[slot];
            // A mark that reached the disk later than the words, when the whole machine stopped, is too old: then the slot has a later round, and is sound all the same.
            uint later = (round - Section.Round(mark + i, section.Capacity)) & 0x7FFF_FFFF;
            if ((round & 0x8000_0000) == 0 || later > 0x3FFF_FFFF) continue;
            if (records[slot].Check() == (uint)(words[slot] >> 32)) add(records[slot]);
            else _damaged++;
        }
    }

    private void Add(CallRecord call)
    {
        if (!_names.Sites.ContainsKey(call.Site.Value))
        {
            _damaged++;
            return;
        }

        // Killed between the stage and the ring's mark, it is in both.
        if (!_seenCalls.Add(call.Id)) return;
        Require(call.LabelIn);
        Require(call.LabelOut);
        _calls.Add(call);
        if (_calls.Count >= _batchSize) Spool();
    }

    private void Add(FlowRecord flow)
    {
        if (!_seenFlows.Add((flow.Destination, flow.Ordinal))) return;
        Require(flow.Label);
        if (!_names.Keys.ContainsKey(flow.State.Value))
        {
            _damaged++;
            flow.State = default;
        }

        _flows.Add(flow);
        if (_flows.Count >= _batchSize) Spool();
    }

    // Secrecy must not be lost: a label that does not read is any.
    private void Require(LabelId label)
    {
        if (_names.Labels.TryAdd(label.Value, Label.Of(Tag.Anything))) _damaged++;
    }

    private void Spool()
    {
        if (_calls.Count + _flows.Count + _traces.Count == 0) return;
        if (!_spool.TryAppend(new RecordBatch(_calls.ToArray(), _flows.ToArray(), _traces.ToArray()), _names, beyondLimit: true)) throw new IOException("the disk is full");
        _calls.Clear();
        _flows.Clear();
        _traces.Clear();
    }

    private static int ReadFully(SafeFileHandle file, Span<byte> into, long offset)
    {
        int total = 0;
        while (total < into.Length)
        {
            int read = RandomAccess.Read(file, into[total..], offset + total);
            if (read == 0) break;
            total += read;
        }

        return total;
    }
}
