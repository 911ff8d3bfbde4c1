using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests.Recording;

/// <summary>A recorder with a folder of its own, and traces of five calls and one flow each to feed it.</summary>
internal sealed class Workload : IAsyncDisposable
{
    public const int CallsPerTrace = 5;

    private readonly CallSiteId _entry;
    private readonly CallSiteId _inner;

    private Workload(CallRecorder recorder, LabelStore labels, CallNames names, string folder)
    {
        Recorder = recorder;
        Labels = labels;
        Folder = folder;
        _entry = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("clinic/front"), new FunctionRef("handle")));
        _inner = names.Intern(new CallSite(new ComponentRef("clinic/front"), new ComponentRef("clinic/records", "sha256:00"),
            new FunctionRef("get")));
    }

    public CallRecorder Recorder { get; }

    public LabelStore Labels { get; }

    public string Folder { get; }

    public static async Task<Workload> OpenAsync(NpgsqlDataSource database, RecorderOptions? options = null, string? folder = null,
        ISpoolDisk? disk = null, Func<long>? wall = null)
    {
        folder ??= TestPostgres.NewFolder();
        var (labels, names) = (new LabelStore(), new CallNames());
        RecorderOptions own = (options ?? new RecorderOptions { Folder = folder }) with { Folder = folder,
            RetryInterval = TimeSpan.FromMilliseconds(200) };
        CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names, own, null, disk, wall);
        return new Workload(recorder, labels, names, folder);
    }

    /// <summary>Records traces; the ids of their calls go to <paramref name="ids"/>.</summary>
    public void Run(int traces, List<long>? ids = null)
    {
        LabelId pii = Labels.Intern(Label.Parse("pii"));
        for (int i = 0; i < traces; i++)
        {
            ActiveCall root = Recorder.Start(default, _entry, default);
            ActiveCall previous = default;
            for (int child = 1; child < CallsPerTrace; child++)
            {
                ActiveCall call = Recorder.Start(root.Context, _inner, pii);
                if (child == 2) Recorder.Flow(call, 0, previous.Context, pii);
                Recorder.End(call, new CallEnd { LabelOut = pii, SizeIn = 10, SizeOut = 100_000L * (child / 4) });
                ids?.Add(call.Id.Value);
                previous = call;
            }

            Recorder.End(root, new CallEnd { LabelOut = pii });
            ids?.Add(root.Id.Value);
        }
    }

    /// <summary>How many calls and flows the store has, and how many different ids the calls have.</summary>
    public static async Task<(long Calls, long Distinct, long Flows)> CountAsync(NpgsqlDataSource database)
    {
        await using NpgsqlCommand query = database.CreateCommand("SELECT (SELECT count(*) FROM call), (SELECT count(DISTINCT id) FROM call), (SELECT count(*) FROM flow)");
        await using NpgsqlDataReader row = await query.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }

    public async ValueTask DisposeAsync()
    {
        await Recorder.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
