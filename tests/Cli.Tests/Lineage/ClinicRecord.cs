using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Tests.Lineage;

/// <summary>
/// A store in which one trace reads a patient's record and keeps a summary as state, and a later trace reads that state and mails it. A component with
/// a hostile name is called on the way.
/// </summary>
internal sealed class ClinicRecord
{
    public const string HostileComponent = "app/[red]evil[/]\u001b[31m\u202e\"}|<x>";
    public const string HostileFunction = "f\r\n\u0007[bold]\\";

    private readonly LabelStore _labels = new();
    private readonly CallNames _names = new();
    private readonly List<CallRecord> _calls = [];
    private readonly List<FlowRecord> _flows = [];
    private readonly long _start = CallId.At(DateTimeOffset.UtcNow.AddMinutes(-5)).StartMicroseconds;

    public required string Connection { get; init; }

    /// <summary>The calls, in the order of the story.</summary>
    public CallId Visit { get; private set; }

    public CallId Get { get; private set; }

    public CallId Summarize { get; private set; }

    public CallId Mail { get; private set; }

    public CallId Send { get; private set; }

    public CallId Hostile { get; private set; }

    public static async Task<ClinicRecord> StoreAsync()
    {
        NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string name;
        await using (NpgsqlConnection connection = await database.OpenConnectionAsync()) name = connection.Database;
        var record = new ClinicRecord { Connection = new NpgsqlConnectionStringBuilder(await TestPostgres.ConnectionStringAsync()) { Database = name }.ConnectionString };
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "here", 64);
        record.Fill(node.FirstLane);
        await new StoreWriter(database, new ProcessNames(record._labels, record._names), node.Id).WriteAsync(new RecordBatch(record._calls.ToArray(), record._flows.ToArray()));
        await database.DisposeAsync();
        return record;
    }

    private void Fill(int lane)
    {
        Visit = Add(0, lane, default, default, "outside", "clinic/front", "handle", "", "pii,user=alice", 5_000);
        Get = Add(100, lane + 1, Visit, Visit, "clinic/front", "clinic/records", "clinic:records/store#get", "", "pii,user=alice", 900);
        Summarize = Add(1_500, lane + 2, Visit, Visit, "clinic/front", "clinic/notes", "clinic:notes/book#summarize", "pii,user=alice", "pii,user=alice", 800);
        Hostile = Add(1_600, lane + 3, Visit, Summarize, "clinic/notes", HostileComponent, HostileFunction, "pii", "", 50);
        Mail = Add(1_000_000, lane + 4, default, default, "outside", "clinic/nightly", "run", "", "", 9_000);
        Send = Add(1_000_200, lane + 5, Mail, Mail, "clinic/nightly", "clinic/mailer", "clinic:mail/out#send", "pii,user=alice", "", 700, CallOutcome.Denied);
        _flows.Add(new FlowRecord
        {
            Destination = Send, Source = Summarize, Label = _labels.Intern(Label.Parse("pii,user=alice")),
            State = _names.Intern(new StateKey("clinic/notes", "default", "summary [x]\u001b")),
        });
    }

    private CallId Add(long at, int lane, CallId trace, CallId parent, string caller, string callee, string function, string labelIn, string labelOut, long lasts, CallOutcome outcome = default)
    {
        CallId id = CallId.From(_start + at, lane);
        _calls.Add(new CallRecord
        {
            Id = id, Trace = trace.IsNone ? id.Value : trace.Value, Parent = parent, Duration = lasts * 1000, SizeIn = 10, SizeOut = 100_000, Outcome = outcome,
            Site = _names.Intern(new CallSite(new ComponentRef(caller), new ComponentRef(callee, "sha256:aa"), new FunctionRef(function))),
            LabelIn = _labels.Intern(Label.Parse(labelIn)), LabelOut = _labels.Intern(Label.Parse(labelOut)),
        });
        return id;
    }
}
