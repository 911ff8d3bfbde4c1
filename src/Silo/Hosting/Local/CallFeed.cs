using System.Collections.Immutable;
using System.Threading.Channels;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;

namespace Chain.Silo.Hosting.Local;

/// <summary>A call that ended, as those who watch live see it.</summary>
/// <param name="Trace">The chain.</param>
/// <param name="Call">The call.</param>
/// <param name="Parent">The caller's call; empty for a root.</param>
/// <param name="Caller">Who called, such as <c>clinic/gateway</c>.</param>
/// <param name="Callee">Who was called.</param>
/// <param name="Function">Such as <c>clinic:records/store#get</c>.</param>
/// <param name="Outcome">How it ended (<see cref="OutcomeNames"/>).</param>
/// <param name="LabelIn">The label of its data.</param>
/// <param name="LabelOut">The label of its result.</param>
/// <param name="Depth">How many calls of the chain were around it.</param>
/// <param name="Detail">Why, where it was denied or failed.</param>
/// <param name="Parts">The parts of its data that source rules name, each with its tags.</param>
public sealed record LiveCall(
    string Trace, string Call, string Parent, string Caller, string Callee, string Function, string Outcome, string LabelIn, string LabelOut, int Depth, string? Detail,
    IReadOnlyDictionary<string, string> Parts);

/// <summary>Shows calls to those who watch, for as long as they keep up. Costs next to nothing while nobody does. Safe for any thread.</summary>
public sealed class CallFeed
{
    private const int QueueLength = 4096;

    private ImmutableArray<Channel<LiveCall>> watchers = [];

    public bool IsWatched => !watchers.IsEmpty;

    /// <summary>The calls that end from now on; those of a time when the watcher was too slow are left out.</summary>
    public async IAsyncEnumerable<LiveCall> WatchAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<LiveCall>(new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });
        ImmutableInterlocked.Update(ref watchers, static (all, one) => all.Add(one), channel);
        try
        {
            await foreach (LiveCall call in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false)) yield return call;
        }
        finally
        {
            ImmutableInterlocked.Update(ref watchers, static (all, one) => all.Remove(one), channel);
        }
    }

    internal void Publish(CallFrame frame, string? detail, Tracer.Tags.LabelStore labels)
    {
        if (!IsWatched) return;
        ActiveCall call = frame.Call;
        var live = new LiveCall(
            call.Context.Trace.ToString(), call.Id.ToString(), call.Parent.IsNone ? "" : call.Parent.ToString(), frame.Route.Link.Caller.Name,
            frame.Route.Link.Callee.Name, frame.Route.Link.FunctionRef.Name, OutcomeNames.Of(frame.Outcome), labels[frame.Label].ToString(),
            labels[frame.LabelOut].ToString(), frame.Depth, detail,
            frame.Parts.ToDictionary(static one => one.Part, static one => one.Tags.ToString()));
        foreach (Channel<LiveCall> watcher in watchers) watcher.Writer.TryWrite(live);
    }
}
