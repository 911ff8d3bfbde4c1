using Chain.Tracer.Calls;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>All that a recorder holds between the end of a call and the moment when it is kept: files, so that a process that is killed leaves them to the next.</summary>
/// <remarks>Two files in a folder of their own: <c>records</c>, mapped, with the rings and the stages; <c>names</c>, with what their ids stand for.</remarks>
internal sealed class RecordBuffers
{
    private const int Batches = 4;
    // A trace may have half a kilobyte of state.
    private const int Traces = 4096;
    private const int BatchTraces = 2048;

    private readonly string _folder;

    private RecordBuffers(string folder, NameJournal names, MappedFile file, BufferLayout layout)
    {
        _folder = folder;
        Names = names;
        using List<Section>.Enumerator sections = layout.Sections().GetEnumerator();
        for (int i = 0; i < layout.Lanes; i++) Lanes.Add((Ring<CallRecord>(), Ring<FlowRecord>()));
        ForeignTraces = new RecordRing<TraceSlot>(file, Next());
        for (int i = 0; i < layout.Batches; i++) Stages.Add((Stage<CallRecord>(), Stage<FlowRecord>(), Stage<TraceSlot>()));

        RecordRing<T> Ring<T>()
            where T : unmanaged, IRingRecord => new(file, Touched(Next()));

        RecordStage<T> Stage<T>()
            where T : unmanaged, IRingRecord => new(file, Next());

        Section Touched(Section section)
        {
            // Otherwise the first lap pays for every page.
            file.Touch(section.Offset, section.Length);
            return section;
        }

        Section Next()
        {
            sections.MoveNext();
            return sections.Current;
        }
    }

    /// <summary>What the ids in the records stand for.</summary>
    public NameJournal Names { get; }

    /// <summary>The rings of each lane.</summary>
    public List<(RecordRing<CallRecord> Calls, RecordRing<FlowRecord> Flows)> Lanes { get; } = [];

    /// <summary>Trace ids from outside that the store has still to hear of.</summary>
    public RecordRing<TraceSlot> ForeignTraces { get; }

    /// <summary>The stages of each batch.</summary>
    public List<(RecordStage<CallRecord> Calls, RecordStage<FlowRecord> Flows, RecordStage<TraceSlot> Traces)> Stages { get; } = [];

    /// <summary>Makes the files, in place of those that are there.</summary>
    /// <exception cref="StoreException">The folder has no room for them, or does not map files.</exception>
    public static RecordBuffers Create(string folder, int lanes, RecorderOptions options, LabelStore labels, CallNames names, ISpoolDisk disk)
    {
        var layout = new BufferLayout(
            lanes, RecordRing<CallRecord>.SlotsFor(options.BufferSize), RecordRing<FlowRecord>.SlotsFor(options.BufferSize / 2),
            RecordRing<TraceSlot>.SlotsFor(Math.Min(Traces, options.BufferSize)), Batches,
            Math.Clamp(options.BatchSize, 1, BufferLayout.MostSlots), Math.Clamp(options.BatchSize, 1, BatchTraces));
        try
        {
            Directory.CreateDirectory(folder);
            // Records without names would be of no use to anybody; so these go last, and their head comes after everything else.
            File.Delete(BufferFiles.Records(folder));
            var journal = new NameJournal(BufferFiles.Names(folder), labels, names, disk);
            try
            {
                MappedFile file = MappedFile.Create(BufferFiles.Records(folder), layout.Length, disk);
                file.Write(0, layout.Head());
                return new RecordBuffers(folder, journal, file, layout);
            }
            catch
            {
                journal.Dispose();
                throw;
            }
        }
        catch (IOException e)
        {
            BufferFiles.Delete(folder);
            throw new StoreException($"the recorder's buffers in {folder} need {layout.Length >> 20} MiB, which cannot be had: {e.Message}", e);
        }
    }

    /// <summary>Nobody records any more.</summary>
    /// <param name="nothingLeft">Whether all was kept, so that there is nothing for a successor.</param>
    public void Close(bool nothingLeft)
    {
        Names.Dispose();
        if (nothingLeft) BufferFiles.Delete(_folder);
    }
}

/// <summary>The files of the buffers.</summary>
internal static class BufferFiles
{
    public static string Records(string folder) => Path.Combine(folder, "records");

    public static string Names(string folder) => Path.Combine(folder, "names");

    /// <summary>Forgets what is there.</summary>
    public static void Delete(string folder)
    {
        try
        {
            // First the one that says that there is anything.
            File.Delete(Records(folder));
            File.Delete(Names(folder));
        }
        catch (IOException)
        {
            // A system that does not delete what is mapped: a successor finds nothing in it, or what the store has already.
        }
    }

    /// <summary>Keeps what is there out of the way, in place of what was kept so before.</summary>
    public static void SetAside(string folder)
    {
        foreach (string path in (string[])[Names(folder), Records(folder)])
        {
            if (File.Exists(path)) File.Move(path, path + ".damaged", overwrite: true);
        }
    }
}
