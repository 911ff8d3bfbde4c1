using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.PolicyEngine.Tests.Backtesting;

/// <summary>Writes traces into the record: intake, then in every other trace the anonymizer, then the mailer, with pii in two of three.</summary>
internal static class RecordedCalls
{
    public const string Before = "policy: none\neffect: deny\nmatch: { callee: nobody/at-all }\n";

    public const string After = Before + "---\npolicy: pii-stays-inside\neffect: deny\nmatch: { callee: '*/mailer' }\nwhen: data.has('pii') && !chain.passed('anonymizer')\n";

    /// <summary>Records the traces.</summary>
    /// <returns>How many calls were recorded, and how many of them the second set denies.</returns>
    public static async Task<(int Calls, int Denied)> WriteAsync(NpgsqlDataSource database, int traces, CallOutcome outcome = CallOutcome.Returned)
    {
        var labels = new LabelStore();
        var names = new CallNames();
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "test", 1);
        var writer = new StoreWriter(database, new ProcessNames(labels, names), node.Id);
        CallSiteId intake = Site(names, "outside", "clinic/intake");
        CallSiteId anonymizer = Site(names, "clinic/intake", "clinic/anonymizer");
        CallSiteId mailer = Site(names, "clinic/intake", "clinic/mailer");
        LabelId pii = labels.Intern(Label.Parse("pii=alice,clinic"));
        var calls = new List<CallRecord>();
        int denied = 0;
        long clock = CallId.At(DateTimeOffset.UtcNow.AddHours(-1)).StartMicroseconds;
        for (int t = 0; t < traces; t++)
        {
            LabelId data = t % 3 == 0 ? LabelId.Empty : pii;
            bool anonymized = t % 2 == 0;
            CallId root = Next();
            Add(intake, root, root, default, data);
            if (anonymized) Add(anonymizer, Next(), root, root, data);
            Add(mailer, Next(), root, root, data);
            if (!anonymized && t % 3 != 0) denied++;
        }

        await writer.WriteAsync(new RecordBatch(calls.ToArray(), default));
        return (calls.Count, denied);

        CallId Next() => CallId.From(clock++, node.FirstLane);

        void Add(CallSiteId site, CallId id, CallId root, CallId parent, LabelId data) => calls.Add(new CallRecord
        {
            Id = id, Trace = root.Value, Parent = parent, Site = site, LabelIn = data, LabelOut = data, Duration = 100_000, Outcome = outcome,
        });
    }

    private static CallSiteId Site(CallNames names, string caller, string callee) =>
        names.Intern(new CallSite(new ComponentRef(caller), new ComponentRef(callee), new FunctionRef("clinic:x/api#run")));
}
