using Chain.Cli.Bench;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Npgsql;

namespace Chain.Cli.Tests.Chains;

/// <summary>
/// Calls from silo to silo without Orleans: two nodes on one store, and between them a carrier that loses what a test wants to be lost. Component c4 of ten
/// in a row is stateful and lives on the second node.
/// </summary>
public sealed class RemoteCallTests
{
    [PostgresFact]
    public async Task AChainThatGoesToAnotherSiloIsOneTraceWithTheSameLabelsAndParents()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (_, _) => { });
        GatewayResult result = await two.CallAsync("pii,user=bo");
        await two.FlushAsync();

        Assert.Equal((CallOutcome.Returned, "pii,user=bo"), (result.Outcome, result.Label.ToString()));
        RecordedCall[] rows = await two.ReadAsync();
        Assert.Equal(HopApplication.Length, rows.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal($"hop/c{i}", rows[i].Callee);
            Assert.Equal(i == 0 ? null : rows[i - 1].Id, rows[i].Parent);
            Assert.Equal(0, rows[i].Outcome);

            // The first silo records the call that it sends, and who ran it; the second one those that were made there.
            Assert.Equal(i <= 4 ? "a" : "b", rows[i].Node);
            Assert.Equal(i == 4 ? "b" : "", rows[i].Host);
        }
    }

    [PostgresFact]
    public async Task ACallThatDidNotStartIsMadeAgainAndEachAttemptIsRecorded()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (attempt, _) =>
        {
            if (attempt <= 2) throw new NotStartedException("the silo is away");
        });
        GatewayResult result = await two.CallAsync("pii");
        await two.FlushAsync();

        Assert.Equal(CallOutcome.Returned, result.Outcome);
        RecordedCall[] attempts = [.. (await two.ReadAsync()).Where(static row => row.Callee == "hop/c4")];
        Assert.Equal([(1, 6), (2, 6), (3, 0)], attempts.Select(static row => ((int)row.Attempt, (int)row.Outcome)));
        Assert.Single(attempts.Select(static row => row.Parent).Distinct());
    }

    [PostgresTheory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task ACallThatMayHaveRunIsMadeAgainOnlyWhereThatIsDeclaredIdempotent(bool isIdempotent, int runs)
    {
        int ran = 0;
        await using TwoSilos two = await TwoSilos.StartAsync(
            static (_, _) => { },
            (attempt, _) =>
            {
                ran++;
                if (attempt == 1) throw new CallLostException("the silo went away");
            },
            more: isIdempotent ? "idempotent: true," : "");
        GatewayResult result = await two.CallAsync("pii");
        await two.FlushAsync();

        Assert.Equal(runs, ran);
        RecordedCall[] rows = await two.ReadAsync();
        RecordedCall[] attempts = [.. rows.Where(static row => row.Callee == "hop/c4")];
        Assert.Equal(isIdempotent ? [7, 0] : [7], attempts.Select(static row => (int)row.Outcome));
        Assert.Equal(isIdempotent ? CallOutcome.Returned : CallOutcome.Trapped, result.Outcome);
        if (!isIdempotent) Assert.Contains("the silo went away", result.Error, StringComparison.Ordinal);

        // What the lost attempt did is recorded by the silo that did it.
        Assert.Equal(runs, rows.Count(static row => row.Callee == "hop/c9"));
    }

    [PostgresFact]
    public async Task ACallThatPoliciesRefuseIsNotSent()
    {
        int sent = 0;
        await using TwoSilos two = await TwoSilos.StartAsync((_, _) => sent++, policies: """
            policy: nothing-secret-to-c4
            match: { callee: "*/c4" }
            when: data.tags.exists(tag, tag == 'secret')
            effect: deny
            message: nothing secret to c4
            """);
        GatewayResult refused = await two.CallAsync("secret");
        GatewayResult allowed = await two.CallAsync("pii");

        Assert.Equal(1, sent);
        Assert.Contains("nothing secret to c4", refused.Error, StringComparison.Ordinal);
        Assert.Equal(CallOutcome.Returned, allowed.Outcome);
    }

    [PostgresFact]
    public async Task TheLabelOfAStatefulInstanceStaysWithItWhateverSiloCalls()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (_, _) => { });
        await two.CallAsync("from=ward");
        GatewayResult after = await two.CallAsync("");
        GatewayResult fromTheOther = await two.CallAsync("", two.B);
        await two.FlushAsync();

        Assert.Equal("from=ward", after.Label.ToString());
        Assert.Equal("from=ward", fromTheOther.Label.ToString());
        Assert.Equal(1, two.SlotCount);
    }

    [PostgresFact]
    public async Task EachKeyOfAStatefulComponentHasAnInstanceAndALabelOfItsOwn()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (_, _) => { }, more: "key: rounds,");
        await two.CallAsync("from=ward", rounds: 1);
        GatewayResult same = await two.CallAsync("", rounds: 1);
        GatewayResult other = await two.CallAsync("", rounds: 2);

        Assert.Equal(("from=ward", ""), (same.Label.ToString(), other.Label.ToString()));
        Assert.Equal(2, two.SlotCount);
    }

    [PostgresFact]
    public async Task KeysAreTheSameWhereTheNodeIsAllThereIs()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (_, _) => { }, more: "key: rounds,", isCluster: false);
        await two.CallAsync("from=ward", rounds: 1);
        GatewayResult same = await two.CallAsync("", rounds: 1);
        GatewayResult other = await two.CallAsync("", rounds: 2);

        Assert.Equal(("from=ward", ""), (same.Label.ToString(), other.Label.ToString()));
        Assert.Equal(0, two.SlotCount);
        Assert.Equal(2, two.A.Applications.Single().Instances["c4"]);
    }

    [PostgresFact]
    public async Task ACircleThroughAnotherSiloEndsWithAClearError()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (_, _) => { }, isCircle: true);
        GatewayResult result = await two.CallAsync("");
        Assert.Equal(CallOutcome.Trapped, result.Outcome);
        Assert.Contains("hop/c4 is stateful and already answers a call of this chain: a cycle", result.Error, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task TheDeadlineOfAChainHoldsOnTheOtherSiloToo()
    {
        await using TwoSilos two = await TwoSilos.StartAsync(static (_, _) => { });
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        GatewayResult result = await two.CallAsync("", rounds: int.MaxValue, cancellation: soon.Token);
        await two.FlushAsync();
        Assert.Equal(CallOutcome.Cancelled, result.Outcome);
        GatewayResult after = await two.CallAsync("");
        Assert.Equal(CallOutcome.Returned, after.Outcome);
    }

    /// <summary>Two nodes, and the carrier between them.</summary>
    private sealed class TwoSilos : IRemoteTransport, IAsyncDisposable
    {
        private readonly Dictionary<string, StatefulSlot> slots = [];
        private readonly string folder = TestPostgres.NewFolder();
        private Action<int, RemoteRequest> before = static (_, _) => { };
        private Action<int, RemoteRequest> after = static (_, _) => { };
        private NpgsqlDataSource database = null!;
        private int attempts;

        public LocalNode A { get; private set; } = null!;

        public LocalNode B { get; private set; } = null!;

        public int SlotCount => slots.Count;

        public static async Task<TwoSilos> StartAsync(
            Action<int, RemoteRequest> before, Action<int, RemoteRequest>? after = null, bool isCluster = true, bool isCircle = false, string more = "", string policies = "")
        {
            var two = new TwoSilos { before = before, after = after ?? (static (_, _) => { }), database = await TestPostgres.NewDatabaseAsync() };
            string connection = await TestPostgres.ConnectionStringAsync(two.database);
            two.A = await two.StartAsync("a", connection, isCluster);
            two.B = await two.StartAsync("b", connection, isCluster);
            ApplicationPlan plan = await two.WriteAsync(isCircle, more, policies);
            var store = new Silo.Applications.Storage.ApplicationStore(two.database);
            int version = (await store.SaveVersionAsync(plan, "test", DateTimeOffset.UtcNow)).Number;
            await store.ActivateAsync(plan.Name, version, "test", DateTimeOffset.UtcNow);
            await two.A.DeployAsync(plan, version, "test");
            await two.B.DeployAsync(plan, version, "test");
            return two;
        }

        public Task<GatewayResult> CallAsync(string tags, LocalNode? node = null, int rounds = 0, CancellationToken cancellation = default)
        {
            node ??= A;
            var incoming = new Incoming(default, tags.Length == 0 ? LabelId.Empty : node.Policies.Labels.Intern(Label.Parse(tags)), null);
            return node.CallAsync(
                HopApplication.Name, "c0", "chain:hop/step", "step",
                [new IntegerValue(PrimitiveKind.U32, HopApplication.Length - 1), new IntegerValue(PrimitiveKind.U32, rounds)], incoming, cancellation);
        }

        public async Task<RemoteReply> SendAsync(RemoteTarget target, RemoteRequest request, CancellationToken cancellation)
        {
            int attempt = Interlocked.Increment(ref attempts);
            before(attempt, request);
            StatefulSlot slot;
            lock (slots)
            {
                if (!slots.TryGetValue(target.Name, out slot!)) slots.Add(target.Name, slot = B.NewSlot(target));
            }

            RemoteReply reply = await B.AnswerAsync(request, slot, cancellation);
            after(attempt, request);
            return reply;
        }

        public async Task FlushAsync()
        {
            await A.FlushAsync();
            await B.FlushAsync();
        }

        public Task<RecordedCall[]> ReadAsync() => RecordedCall.ReadAllAsync(database);

        public async ValueTask DisposeAsync()
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
            await database.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        private async Task<LocalNode> StartAsync(string name, string connection, bool isCluster)
        {
            var options = new NodeOptions
            {
                Folder = Path.Combine(folder, name), Postgres = connection, Name = name, Labels = new Dictionary<string, string> { ["region"] = "eu" }, Upkeep = new UpkeepOptions { BundleAfter = TimeSpan.FromHours(1) },
            };
            LocalNode node = await LocalNode.StartAsync(options, static _ => { });
            if (isCluster) node.Join(this);
            return node;
        }

        private async Task<ApplicationPlan> WriteAsync(bool isCircle, string more, string policies)
        {
            string target = Path.Combine(folder, "hop");
            await HopApplication.WriteAsync(target, hasRules: false);
            string path = Path.Combine(target, ApplicationCheck.DefaultFile);
            string text = await File.ReadAllTextAsync(path);
            text = text.Replace("  c4: { path: relay.wasm,", $"  c4: {{ path: relay.wasm, instances: stateful, {more}", StringComparison.Ordinal);
            text = text.Replace("replicas: 32, ", "", StringComparison.Ordinal);
            if (isCircle) text = text.Replace("{ from: c6, import: \"chain:hop/next\", to: c7,", "{ from: c6, import: \"chain:hop/next\", to: c4,", StringComparison.Ordinal);
            if (policies.Length > 0) text += "policies: [policies.yaml]\n";
            await File.WriteAllTextAsync(Path.Combine(target, "policies.yaml"), policies);
            await File.WriteAllTextAsync(path, text);
            return (await ApplicationCheck.RunAsync(target)).Require();
        }
    }
}
