using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Chain.PolicyEngine.Storage;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Calls;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Chain.Cli.Demo;

/// <summary>One run of the demo.</summary>
internal sealed class DemoRun(IAnsiConsole console, string source, string folder, bool keep)
{
    // Half a minute of looks, 100 ms apart.
    private const int AlertChecks = 300;

    private static readonly string Denied = OutcomeNames.Of(CallOutcome.Denied);

    private readonly List<LiveCall> calls = [];
    private int step;
    private int mails;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        // Without a terminal Spectre assumes 80 columns and would fold the lines of a file.
        if (Console.IsOutputRedirected) console.Profile.Width = 200;
        using var relay = new DemoRelay();
        string application = DemoCommand.Copy(source, folder, relay.Address);

        Step("The application is checked", $"chain check {source}");
        ApplicationCheck check = await ApplicationCheck.RunAsync(application, null, cancellation);
        ApplicationPlan plan = check.Require();
        Say($"{plan.Components.Count} components, {plan.Links.Count} links, {plan.Policies.Count} files of policies, {check.TestsPassed} policy tests passed");

        Step("A node starts, with a Postgres of its own, and the application is deployed", "chain up " + source);
        await using LocalNode node = await LocalNode.StartAsync(
            new NodeOptions { Folder = folder }, static logging => logging.SetMinimumLevel(LogLevel.None), cancellation);
        await node.DeployAsync(plan, 1, Environment.UserName, cancellation);
        Say($"{plan.Name} answers at {node.Url}; the store is in {folder}");

        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task watch = WatchAsync(node, watching.Token);
        Step("A day at the clinic", $"curl {node.Url}/…");
        int failures = await DriveAsync(node, application, relay, cancellation);
        await node.FlushAsync(cancellation);
        await watching.CancelAsync();
        await watch;

        Step("Who called whom, with what data", null);
        WriteGraph();
        LiveCall? denied;
        lock (calls)
        {
            // The one whose data came out of a bucket, if there is one: the longest way.
            HashSet<string> stored = [.. calls.Where(static call => call.Callee.Contains("/keyvalue:templates", StringComparison.Ordinal)).Select(static call => call.Trace)];
            denied = calls.LastOrDefault(call => call.Outcome == "denied" && stored.Contains(call.Trace)) ?? calls.LastOrDefault(static call => call.Outcome == "denied");
        }

        if (denied is null && failures > 0) throw new CommandException("the day ended early: a request did not end as it should", ExitCode.Failed);
        if (denied is null) throw new CommandException("no call was denied: the example's policies do not stop what they should", ExitCode.Failed);

        string store = $"--data={folder}";
        Step("A chain that was stopped", $"chain trace {denied.Trace}");
        Chain("trace", denied.Trace, store);
        Step("How the data got there: the shortest way", $"chain why pii {denied.Call}");
        Chain("why", "pii", denied.Call, store);
        Step("Who was told", "chain alerts");
        var alerts = new AlertReader(node.Database);

        // The last ones are still on their way there.
        for (int i = 0; i < AlertChecks && (await alerts.ListAsync(false, 1, cancellation)).Count == 0; i++) await Task.Delay(100, cancellation);
        Chain("alerts", store);

        console.WriteLine();
        Say(failures == 0
            ? $"All {DemoRequest.Read(Path.Combine(application, "traffic.yaml")).Count} requests ended as they should, {node.Calls} calls were recorded, {node.Denied} were denied, {mails} mails left; {clock.Elapsed.TotalSeconds:0} s."
            : $"{failures} requests did not end as they should.");
        Say("Try next: chain demo --keep, and in another terminal chain traces, chain lineage --help, chain policy explain --help; examples/clinic/README.md tells the story.");
        if (keep) await WaitAsync(node, store, cancellation);
        return failures == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private void Step(string title, string? command)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]{++step}. {title}[/]{(command is null ? "" : "   ")}[grey]{(command is null ? "" : "$ " + command)}[/]");
    }

    private void Say(string text) => console.MarkupLineInterpolated($"   {text}");

    private async Task<int> DriveAsync(LocalNode node, string application, DemoRelay relay, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = new Uri(node.Url), Timeout = TimeSpan.FromSeconds(60) };
        var saved = new Dictionary<string, string>();
        int failures = 0;
        foreach (DemoRequest request in DemoRequest.Read(Path.Combine(application, "traffic.yaml")))
        {
            string path = request.Path(saved);
            using var message = new HttpRequestMessage(HttpMethod.Parse(request.Method), path);
            if (request.Body is { } body) message.Content = JsonContent.Create(body);
            using HttpResponseMessage response = await client.SendAsync(message, cancellation);
            string text = await response.Content.ReadAsStringAsync(cancellation);
            bool isRight = (int)response.StatusCode == request.Status;
            if (!isRight) failures++;
            foreach ((string name, string field) in request.Save)
            {
                if (isRight && JsonNode.Parse(text)?[field] is { } value) saved[name] = value.ToString();
            }

            string colour = !isRight ? "red" : request.Outcome switch { "denied" => "red3", "alerted" => "yellow", _ => "green" };
            int left = relay.Take().Length;
            mails += left;
            string result = $"{(int)response.StatusCode} {request.Outcome}{(request.Policy is null ? "" : $" by {request.Policy}")}{(left > 0 ? ", a mail left" : "")}";
            console.MarkupLineInterpolated($"   {request.Method,-4} {path,-24} [{colour}]{result}[/]{(isRight ? "" : $" (expected {request.Status})")}  [grey]{request.Name}[/]");

            // Requests after it need what it was to give.
            if (!isRight && request.Save.Any()) break;
        }

        return failures;
    }

    private async Task WatchAsync(LocalNode node, CancellationToken cancellation)
    {
        try
        {
            await foreach (LiveCall call in node.Feed.WatchAsync(cancellation))
            {
                lock (calls) calls.Add(call);
            }
        }
        catch (OperationCanceledException)
        {
            // The day is over.
        }
    }

    private void WriteGraph()
    {
        LiveCall[] all;
        lock (calls) all = [.. calls];
        foreach (IGrouping<string, LiveCall> caller in all.GroupBy(static call => call.Caller).OrderBy(static group => group.Key == "outside" ? "" : group.Key, StringComparer.Ordinal))
        {
            console.MarkupLineInterpolated($"   [bold]{caller.Key}[/]");
            IGrouping<string, LiveCall>[] edges = [.. caller.GroupBy(static call => call.Callee).OrderBy(static group => group.Key, StringComparer.Ordinal)];
            for (int i = 0; i < edges.Length; i++)
            {
                int refused = edges[i].Count(static call => call.Outcome == "denied");
                string[] tags = [.. edges[i].SelectMany(static call => call.LabelIn.Split(',')).Where(static tag => tag.Length > 0)
                    .Select(static tag => tag.StartsWith("user=", StringComparison.Ordinal) ? "user" : tag).Distinct().Order(StringComparer.Ordinal)];
                string branch = i == edges.Length - 1 ? "└─" : "├─";
                string data = tags.Length == 0 ? "" : $"  {{{string.Join(", ", tags)}}}";
                string stopped = refused == 0 ? "" : $"  {refused} denied";
                console.MarkupLineInterpolated($"   {branch} {edges[i].Key} [grey]×{edges[i].Count()}[/][blue]{data}[/][red]{stopped}[/]");
            }
        }
    }

    /// <summary>Runs one of this program's own commands, as the user would.</summary>
    private void Chain(params string[] arguments)
    {
        int code = Program.Main(arguments);
        if (code != ExitCode.Ok) throw new CommandException($"chain {arguments[0]} ended with exit code {code}", ExitCode.Failed);
    }

    private async Task WaitAsync(LocalNode node, string store, CancellationToken cancellation)
    {
        console.WriteLine();
        Say($"It goes on answering at {node.Url}. Ask its store with {store}, for instance: chain traces {store}. Ctrl-C ends it.");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C.
        }
    }
}
