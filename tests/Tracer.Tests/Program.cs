using System.Globalization;
using System.Text;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Recording.Journals;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests;

/// <summary>
/// A program for tests to kill: it records calls, or appends to a journal, and says of each that it was acknowledged as soon as it was; or it owns a private Postgres and
/// prints its process id.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is ["own", var own])
        {
            PrivatePostgres server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = own, SharedBuffers = "32MB" });
            Console.Out.WriteLine(server.ServerProcessId);
            await Task.Delay(Timeout.Infinite);
        }

        if (args is ["journal", var journal])
        {
            Append(FrameJournal.Open(journal));
            return 0;
        }

        if (args is not ["record", var connection, var folder]) return 2;
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(connection);
        var (labels, names) = (new LabelStore(), new CallNames());
        CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names, new RecorderOptions { Folder = folder, BufferSize = 4096 });
        Thread[] makers = [.. Enumerable.Range(0, 2).Select(maker => new Thread(() => Record(recorder, labels, names, maker)))];
        foreach (Thread maker in makers) maker.Start();
        foreach (Thread maker in makers) maker.Join();
        return 0;
    }

    private static void Append(FrameJournal journal)
    {
        Thread[] makers = [.. Enumerable.Range(0, 2).Select(maker => new Thread(() =>
        {
            for (int i = 0; ; i++)
            {
                string text = string.Create(CultureInfo.InvariantCulture, $"{maker} {i} {new string('x', i % 100)}");
                if (journal.Append(Encoding.UTF8.GetBytes(text)).IsNone) return;
                Console.Out.WriteLine(text);
            }
        }))];
        foreach (Thread maker in makers) maker.Start();
        foreach (Thread maker in makers) maker.Join();
    }

    // Each call has names that are new now and then, every fifth comes from outside, and each but the first reads what the one before it wrote.
    private static void Record(CallRecorder recorder, LabelStore labels, CallNames names, int maker)
    {
        CallContext before = default;
        for (int i = 0; ; i++)
        {
            string function = $"f{maker}-{i / 100}", user = $"u{maker}-{i / 40}", key = $"k{maker}-{i / 60}";
            CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("clinic/front"), new FunctionRef(function), Attempt: 1 + (i % 3)));
            LabelId label = labels.Intern(Label.Parse($"pii,user={user}"));
            CallContext parent = i % 5 == 0 ? new CallContext(new TraceId((ulong)Random.Shared.NextInt64(), (ulong)Random.Shared.NextInt64()), new CallId(77), State: $"v={i}") : default;
            ActiveCall call = recorder.Start(parent, site, default);
            if (i > 0) recorder.Flow(call, 0, before, label, FlowInto.Input, names.Intern(new StateKey("clinic/front", "default", key)));
            recorder.End(call, new CallEnd { LabelOut = label, SizeOut = i });
            // Console.Out writes each line at once and whole.
            string trace = parent.IsNone ? "-" : parent.Trace.ToString();
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{call.Id.Value} {function} {1 + (i % 3)} {user} {i} {trace} {(i > 0 ? before.Call.Value : 0)} {(i > 0 ? key : "-")}"));
            before = call.Context;
        }
    }
}
