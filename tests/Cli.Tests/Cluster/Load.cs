using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using Chain.Silo.Api;
using Chain.Tracer.Calls;

namespace Chain.Cli.Tests.Cluster;

/// <summary>What became of one call from outside.</summary>
/// <param name="Id">Its own, which its effect is counted under.</param>
/// <param name="Way">Which of <see cref="LoadApplication.Ways"/>.</param>
/// <param name="Account">What it counted.</param>
/// <param name="Silo">The silo that was asked last.</param>
/// <param name="Started">When, in ticks of <see cref="Stopwatch"/>.</param>
/// <param name="Ended">When it was answered, or given up.</param>
/// <param name="Outcome">As the answer says; <c>unreached</c> where it surely never began, <c>broken</c> where the connection broke while it was under way.</param>
/// <param name="Answer">The answer, if there is one.</param>
/// <param name="Error">Why it failed.</param>
internal sealed record Effort(string Id, int Way, string Account, string Silo, long Started, long Ended, string Outcome, CallAnswer? Answer, string Error)
{
    public bool IsAcknowledged => Outcome == "returned";

    public uint Number => uint.Parse(Answer!.Wave!, CultureInfo.InvariantCulture);

    /// <summary>The trace as the record has it.</summary>
    public long Trace => TraceId.TryParse(Answer!.Trace, out TraceId trace) ? trace.Key : throw new FormatException(Answer.Trace);
}

/// <summary>Callers outside the cluster: each makes one call after the other, going through the ways in, the accounts and the silos that it was given.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Load : IAsyncDisposable
{
    public const int Accounts = 6;

    private readonly LiveCluster cluster;
    private readonly string application;
    private readonly string prefix;
    private readonly bool goesOn;
    private readonly CancellationTokenSource end = new();
    private readonly ConcurrentQueue<Effort> efforts = new();
    private readonly Task[] callers;
    private int last;

    /// <param name="cluster">The cluster.</param>
    /// <param name="application">What they call.</param>
    /// <param name="callers">How many at a time.</param>
    /// <param name="silos">The silos that they call, in turn.</param>
    /// <param name="prefix">Of its accounts and ids.</param>
    /// <param name="goesOn">Whether a call that surely did not begin is made again at the next silo, as a load balancer does it.</param>
    public Load(LiveCluster cluster, string application, int callers, string[] silos, string prefix, bool goesOn)
    {
        this.cluster = cluster;
        this.application = application;
        this.prefix = prefix;
        this.goesOn = goesOn;

        // Ports stay, whatever becomes of the processes.
        (string Name, string Url)[] all = [.. silos.Select(name => (name, cluster.Silos.Single(one => one.Name == name).Url))];
        this.callers = [.. Enumerable.Range(0, callers).Select(number => Task.Run(() => CallAsync(number, all)))];
    }

    /// <summary>All calls so far.</summary>
    public IReadOnlyList<Effort> Efforts => [.. efforts];

    /// <summary>Waits until as many more calls were acknowledged.</summary>
    public async Task AcknowledgeAsync(int more)
    {
        int enough = efforts.Count(static one => one.IsAcknowledged) + more;
        var clock = Stopwatch.StartNew();
        while (efforts.Count(static one => one.IsAcknowledged) < enough)
        {
            Assert.True(clock.Elapsed < LiveCluster.Patience, $"only {efforts.Count(static one => one.IsAcknowledged)} of {enough} calls were acknowledged; {Kinds(Efforts)}");
            await Task.Delay(20);
        }
    }

    /// <summary>Makes no more calls, and waits for those under way.</summary>
    public async Task<IReadOnlyList<Effort>> EndAsync()
    {
        await end.CancelAsync();
        await Task.WhenAll(callers);
        return Efforts;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        end.Dispose();
    }

    /// <summary>How many calls ended in which way.</summary>
    public static string Kinds(IEnumerable<Effort> efforts) => string.Join(", ", efforts
        .GroupBy(static one => one.Outcome).OrderByDescending(static one => one.Count()).Select(static one => $"{one.Count()} {one.Key}"));

    private async Task CallAsync(int number, (string Name, string Url)[] silos)
    {
        for (int turn = number; !end.IsCancellationRequested; turn++)
        {
            int way = turn % LoadApplication.Ways.Length, silo = (turn / LoadApplication.Ways.Length) % silos.Length;
            string id = $"{prefix}-id-{Interlocked.Increment(ref last)}";
            (string entry, _, bool isStateful, _) = LoadApplication.Ways[way];

            // Whoever counts without a single instance would lose counts by right.
            string account = isStateful ? $"{prefix}-{turn % Accounts}" : $"{id}-only";
            long started = Stopwatch.GetTimestamp();
            for (int attempt = 0; ; attempt++)
            {
                (string name, string url) = silos[(silo + attempt) % silos.Length];
                (string outcome, CallAnswer? answer, string error) = await CallAsync(url, $"{application}/{entry}", $"add(\"{account}\", \"{id}\", 20000)");
                if (outcome == "unreached")
                {
                    await Task.Delay(10);
                    if (goesOn && attempt < 5 * silos.Length) continue;
                }

                efforts.Enqueue(new Effort(id, way, account, name, started, Stopwatch.GetTimestamp(), outcome, answer, error));
                break;
            }
        }
    }

    private async Task<(string Outcome, CallAnswer? Answer, string Error)> CallAsync(string url, string component, string call)
    {
        try
        {
            CallAnswer answer = await cluster.CallAsync(url, component, call);
            return (answer.Outcome, answer, answer.Error ?? "");
        }
        catch (HttpRequestException failure)
        {
            return failure switch
            {
                { StatusCode: HttpStatusCode.ServiceUnavailable } or { HttpRequestError: HttpRequestError.ConnectionError } => ("unreached", null, failure.Message),
                { StatusCode: { } status } => ($"status {(int)status}", null, failure.Message),
                _ => ("broken", null, failure.Message),
            };
        }
        catch (TaskCanceledException late)
        {
            return ("unanswered", null, late.Message);
        }
    }
}
