using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Cli.Bench;

/// <summary>
/// <c>chain bench alerts</c>: from a denied call to a webhook received; with <c>--outage</c>, a receiver that is down while
/// the sending process is killed.
/// </summary>
internal static class AlertsBench
{
    private const int WarmUpCalls = 50;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of tables." };
        var calls = new Option<int>("--calls") { Description = "Denied calls, each of another group.", HelpName = "N", DefaultValueFactory = _ => 300 };
        var outage = new Option<int>("--outage") { Description = "Also: seconds for which the receiver is down while the sender is killed.", HelpName = "SECONDS" };
        var command = new Command("alerts", "From a denied call to a webhook received, over Postgres and HTTP.") { json, calls, outage };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(calls) is < 1 or > 100_000) throw new CommandException("--calls: expected 1 to 100000");
            if (parsed.GetValue(outage) is < 0 or > 3_600) throw new CommandException("--outage: expected 0 to 3600");
            var report = new BenchReport("alerts");
            await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation);
            await MeasureAsync(store, parsed.GetValue(calls), report, cancellation);
            if (parsed.GetValue(outage) > 0) await OutageAsync(store, parsed.GetValue(outage), report, cancellation);
            report.Print(parsed.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task MeasureAsync(TemporaryStore store, int count, BenchReport report, CancellationToken cancellation)
    {
        using var receiver = new BenchWebhook();
        using var http = new HttpClient();
        var options = new AlertOptions { Receivers = [new WebhookReceiver("bench", http, receiver.Url, "secret")] };
        var labels = new LabelStore();
        PolicySet set = PolicyLoader.Load([new PolicyFile("p.yaml", "policy: p\neffect: deny\nmatch: { tags: pii }\nmessage: \"{{ data.tags }} to {{ callee.name }}\"\n")], labels);
        LabelId pii = labels.Intern(Label.Parse("pii"));
        var raised = new Dictionary<string, long>();
        await using (var pipeline = new AlertPipeline(store.Database, options))
        {
            for (int i = 0; i < WarmUpCalls + count; i++)
            {
                CallId call = CallId.From(CallId.At(DateTimeOffset.UtcNow).StartMicroseconds, 1);
                var facts = new CallFacts
                {
                    Link = new CallLink(CallParty.Outside, new CallParty(new ComponentRef($"app/svc{i}")), new FunctionRef("f")), Data = pii, Call = call,
                };
                raised[call.ToString()] = Stopwatch.GetTimestamp();
                pipeline.Raise(set.Decide(facts), facts);
                await Task.Delay(Between, cancellation);
            }

            for (long since = Stopwatch.GetTimestamp(); receiver.All.Count < WarmUpCalls + count && Stopwatch.GetElapsedTime(since) < Patience;) await Task.Delay(20, cancellation);
        }

        if (receiver.All.Count != WarmUpCalls + count) throw new CommandException($"{receiver.All.Count} notices came for {WarmUpCalls + count} groups", ExitCode.Failed);
        double[] delays = [.. receiver.All.Skip(WarmUpCalls).Select(r => Stopwatch.GetElapsedTime(raised[r.Notice.Alerts[0].Call], r.At).TotalMilliseconds).Order()];
        report.Add(new BenchRow("denied call to webhook, p50", "ms", delays[delays.Length / 2]));
        report.Add(new BenchRow("denied call to webhook, p99", "ms", delays[Math.Min(delays.Length - 1, delays.Length * 99 / 100)]));
        report.Note($"{count} denied calls, one every {Between.TotalMilliseconds:0} ms, each the first of its group, so each waits {options.FirstWait.TotalMilliseconds:0} ms for company; each came once; after {WarmUpCalls} that are not counted");
    }

    /// <summary>Raises while nobody listens, kills the sender half-way, starts another, and counts what comes.</summary>
    private static async Task OutageAsync(TemporaryStore store, int seconds, BenchReport report, CancellationToken cancellation)
    {
        int port = BenchWebhook.FreePort();
        string config = Path.Combine(store.Folder, "alerts.yaml");
        await File.WriteAllTextAsync(config, $"receivers:\n  - name: outage\n    webhook: http://127.0.0.1:{port}/hook\n", cancellation);
        Process first = StartSender(config, store);
        try
        {
            using var http = new HttpClient();
            var options = new AlertOptions { Receivers = [new WebhookReceiver("outage", http, new Uri($"http://127.0.0.1:{port}/hook"), null)] };
            var violation = new Violation
            {
                Policy = "outage", Version = "", Severity = Severity.High, Effect = "deny", Message = "during an outage", Caller = "a/b", Callee = "c/d", Function = "f",
                Event = PolicyEvent.Call, Call = new CallId(1), Trace = default, At = DateTimeOffset.UtcNow,
            };
            await new AlertStore(store.Database, options).StoreAsync([violation], cancellation: cancellation);
            await Task.Delay(TimeSpan.FromSeconds(seconds / 2.0), cancellation);
            first.Kill();
            await first.WaitForExitAsync(cancellation);
            Process second = StartSender(config, store);
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds / 2.0), cancellation);
                using var receiver = new BenchWebhook(port);
                long up = Stopwatch.GetTimestamp();
                // The longest wait between attempts is a minute.
                while (receiver.All.Count == 0 && Stopwatch.GetElapsedTime(up) < TimeSpan.FromSeconds(90)) await Task.Delay(20, cancellation);
                double after = Stopwatch.GetElapsedTime(up).TotalSeconds;
                await Task.Delay(TimeSpan.FromSeconds(5), cancellation);
                if (receiver.All.Count != 1) throw new CommandException($"the notice was delivered {receiver.All.Count} times, expected once", ExitCode.Failed);
                report.Note(string.Create(CultureInfo.InvariantCulture, $"receiver down for {seconds} s, the sender killed (SIGKILL) after {seconds / 2.0:0.#} s and another started: delivered once, {after:0.0} s after the receiver was up"));
            }
            finally
            {
                Stop(second);
            }
        }
        finally
        {
            Stop(first);
        }
    }

    private static Process StartSender(string config, TemporaryStore store) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "chain.dll"), "alerts", "send", "--config", config, "--postgres", store.ConnectionString])
        {
            RedirectStandardOutput = true,
        })!;

    private static void Stop(Process process)
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
