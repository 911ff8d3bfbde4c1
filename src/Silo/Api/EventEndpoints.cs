using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Chain.PolicyEngine.Storage;
using Chain.Silo.Hosting.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Chain.Silo.Api;

/// <summary>What happens on the node: logs, calls and alerts, as lists and as server-sent events.</summary>
internal static class EventEndpoints
{
    private const string EventStream = "text/event-stream";
    private const int DefaultTail = 100;
    private const int ViolationsAtOnce = 1000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public static void Map(RouteGroupBuilder routes, NodeApi api)
    {
        routes.MapGet(
                "/apps/{app}/logs",
                async (string app, int? tail, DateTimeOffset? since, string? component, string? trace, bool? follow, HttpContext context) =>
                {
                    ApplicationLog log = api.Node.LogOf(app) ?? throw api.Node.Unknown(app);
                    var filter = new LogFilter(Within("tail", tail ?? DefaultTail, 0, ApplicationLog.MostLines), since, component, trace);
                    return follow == true
                        ? Stream(context, api, ends => LinesAsync(log, filter, ends))
                        : Results.Ok(await log.ReadAsync(filter, context.RequestAborted).ConfigureAwait(false));
                })
            .WithName("logs").WithTags("events").WithSummary(
                "What an application's components wrote: the last lines on all nodes; with `follow` those on this node and then those to come here, as events `line`.")
            .Produces<IReadOnlyList<LogLine>>(StatusCodes.Status200OK, "application/json", EventStream)
            .ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapGet("/calls/events", (HttpContext context) => Stream(context, api, ends => CallsAsync(api.Node, ends)))
            .WithName("callEvents").WithTags("events").WithSummary("Calls as they end, as events `call`; some are left out while the reader is too slow.")
            .Produces<LiveCall>(StatusCodes.Status200OK, EventStream);
        routes.MapGet("/alerts", async (bool? all, int? limit, CancellationToken cancellation) =>
                (IReadOnlyList<AlertLine>)[.. (await new AlertReader(api.Node.Database).ListAsync(all != true, Within("limit", limit ?? 50, 1, 100_000), cancellation)
                    .ConfigureAwait(false)).Select(Line)])
            .WithName("alerts").WithTags("events").WithSummary("Alerts, the last seen first; those that are resolved only with `all`.");
        routes.MapGet("/alerts/events", (long? after, HttpContext context) => Stream(context, api, ends => ViolationsAsync(api.Node, After(after, context), ends)))
            .WithName("alertEvents").WithTags("events")
            .WithSummary("Violations as they come, as events `violation`; with `after` or `Last-Event-ID` first those since that one.")
            .Produces<ViolationNotice>(StatusCodes.Status200OK, EventStream);
    }

    private static IResult Stream<T>(HttpContext context, NodeApi api, Func<CancellationToken, IAsyncEnumerable<SseItem<T>>> items)
    {
        var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, api.Stopping);
        context.Response.RegisterForDispose(ends);
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(UntilAsync(context, items, ends.Token));
    }

    /// <summary>Ends quietly when the reader or the node goes; the head goes out before the first event, so that a reader knows that it is heard.</summary>
    private static async IAsyncEnumerable<SseItem<T>> UntilAsync<T>(
        HttpContext context, Func<CancellationToken, IAsyncEnumerable<SseItem<T>>> items, [EnumeratorCancellation] CancellationToken ends)
    {
        await context.Response.Body.FlushAsync(ends).ConfigureAwait(false);
        await using IAsyncEnumerator<SseItem<T>> all = items(ends).GetAsyncEnumerator(ends);
        while (true)
        {
            try
            {
                if (!await all.MoveNextAsync().ConfigureAwait(false)) yield break;
            }
            catch (OperationCanceledException) when (ends.IsCancellationRequested)
            {
                yield break;
            }

            yield return all.Current;
        }
    }

    private static async IAsyncEnumerable<SseItem<LogLine>> LinesAsync(ApplicationLog log, LogFilter filter, [EnumeratorCancellation] CancellationToken ends)
    {
        await foreach (LogLine line in log.FollowAsync(filter, ends).ConfigureAwait(false))
            yield return new SseItem<LogLine>(line, "line") { EventId = line.Number.ToString(CultureInfo.InvariantCulture) };
    }

    private static async IAsyncEnumerable<SseItem<LiveCall>> CallsAsync(LocalNode node, [EnumeratorCancellation] CancellationToken ends)
    {
        await foreach (LiveCall call in node.Feed.WatchAsync(ends).ConfigureAwait(false)) yield return new SseItem<LiveCall>(call, "call");
    }

    private static async IAsyncEnumerable<SseItem<ViolationNotice>> ViolationsAsync(LocalNode node, long? after, [EnumeratorCancellation] CancellationToken ends)
    {
        var reader = new AlertReader(node.Database);
        long last = after ?? await reader.LastViolationAsync(ends).ConfigureAwait(false);
        while (true)
        {
            IReadOnlyList<ViolationLine> lines = await reader.ViolationsAfterAsync(last, ViolationsAtOnce, ends).ConfigureAwait(false);
            foreach (ViolationLine line in lines)
            {
                last = line.Id;
                var notice = new ViolationNotice(
                    line.Id, line.At, line.Severity.ToString().ToLowerInvariant(), line.Policy, line.Message, line.Call.ToString(), line.IsSilenced);
                yield return new SseItem<ViolationNotice>(notice, "violation") { EventId = line.Id.ToString(CultureInfo.InvariantCulture) };
            }

            if (lines.Count == 0) await Task.Delay(Poll, ends).ConfigureAwait(false);
        }
    }

    private static long? After(long? after, HttpContext context)
    {
        string last = context.Request.Headers["Last-Event-ID"].ToString();
        if (after is not null || last.Length == 0) return after;
        return long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? id
            : throw new InvalidDataException("Last-Event-ID: expected the number of an event");
    }

    private static int Within(string name, int value, int least, int most) =>
        value >= least && value <= most ? value : throw new InvalidDataException($"{name}: expected {least} to {most}, found {value}");

    private static AlertLine Line(AlertSummary alert) => new(
        alert.Fingerprint, alert.Labels, alert.Severity.ToString().ToLowerInvariant(), alert.Message, alert.Call.ToString(), alert.Trace, alert.FirstSeen,
        alert.LastSeen, alert.Count, alert.Silenced, alert.Firing, alert.Waiting, alert.Error);
}
