using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Cluster.Letters;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Calls;
using Orleans;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>
/// A component on a silo that may host it; its key is <see cref="ComponentKey"/>. What goes wrong inside is in the reply, so that an exception always comes
/// from the way there or back.
/// </summary>
[Alias("chain.IComponentGrain")]
internal interface IComponentGrain : IGrainWithStringKey
{
    /// <summary>Runs one attempt of a call.</summary>
    /// <exception cref="FormatException">The call is in another format.</exception>
    [Alias("call")]
    ValueTask<Letter> CallAsync(Letter call, CancellationToken cancellation);
}

/// <summary>The key of a component's grain: <c>application/component</c>, and after another slash which instance of a stateful one.</summary>
internal static class ComponentKey
{
    public static string Of(RemoteTarget target) => target.Name;

    public static (string Application, string Component, string Key) Read(string key)
    {
        int first = key.IndexOf('/', StringComparison.Ordinal), second = key.IndexOf('/', first + 1);
        return second < 0
            ? (key[..first], key[(first + 1)..], "")
            : (key[..first], key[(first + 1)..second], key[(second + 1)..]);
    }
}

/// <summary>
/// A stateless component where the caller's silo may not host it: any silo that may does. Its calls run beside one another, on guests' threads.
/// </summary>
[GrainType(TypeName), StatelessWorker, Reentrant, SiloLabelsFilter]
internal sealed class StatelessComponentGrain(LocalNode node) : Grain, IComponentGrain
{
    public const string TypeName = "component";

    public async ValueTask<Letter> CallAsync(Letter call, CancellationToken cancellation)
    {
        RemoteReply reply = await node.AnswerAsync(CallFormat.RequestOf(call), null, cancellation);
        if (reply.IsMisplaced) DeactivateOnIdle();
        return CallFormat.LetterOf(reply);
    }
}

/// <summary>What the instance of a stateful component may know for good.</summary>
[GenerateSerializer, Alias("chain.stateful")]
internal sealed record StatefulState
{
    /// <summary>The label of all calls so far.</summary>
    [Id(0)] public string Label { get; set; } = "";

    /// <summary>The last call that added to it: its trace and itself.</summary>
    [Id(1)] public ulong TraceHigh { get; set; }

    [Id(2)] public ulong TraceLow { get; set; }

    [Id(3)] public long Call { get; set; }
}

/// <summary>
/// A stateful component, or one key of it: one activation in the cluster, one instance in it, one call at a time. It is reentrant for Orleans so that the
/// calls that wait are in a queue of ours: those that have not started when it moves say so, and are sent again.
/// </summary>
[GrainType(TypeName), Reentrant, SiloLabelsFilter]
internal sealed partial class StatefulComponentGrain(
    LocalNode node, [PersistentState("label", SiloHost.Storage)] IPersistentState<StatefulState> state, ILogger<StatefulComponentGrain> log)
    : Grain, IComponentGrain, IPlacedGrain
{
    public const string TypeName = "stateful";

    private StatefulSlot slot = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (string application, string component, string key) = ComponentKey.Read(this.GetPrimaryKeyString());
        TaskScheduler turns = TaskScheduler.Current;
        slot = node.NewSlot(new RemoteTarget(application, component, key, IsStateful: true), one =>
        {
            StatefulState known = state.State;
            one.Remember(known.Label, new CallContext(new TraceId(known.TraceHigh, known.TraceLow), new CallId(known.Call)));

            // Guests ask for it too, on their own threads; Orleans' state belongs to the grain's turns.
            one.Store = (label, last) => Task.Factory.StartNew(() => StoreAsync(label, last), CancellationToken.None, TaskCreationOptions.None, turns).Unwrap();
        });
        return Task.CompletedTask;
    }

    public async ValueTask<Letter> CallAsync(Letter call, CancellationToken cancellation)
    {
        RemoteReply reply = await node.AnswerAsync(CallFormat.RequestOf(call), slot, cancellation);
        if (reply.IsMisplaced) DeactivateOnIdle();
        try
        {
            // Before anybody has the answer: the instance may die with its silo at any moment.
            await slot.KeepAsync();
        }
        catch (Exception failure)
        {
            reply = reply with { Outcome = CallOutcome.Lost, Value = default, Error = $"its label could not be stored: {failure.Message}" };
        }

        return CallFormat.LetterOf(reply);
    }

    public ValueTask<SiloAddress> WhereAsync() => new(GrainContext.Address.SiloAddress!);

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (!await slot.CloseAsync(cancellationToken)) LogCutOff(log, this.GetPrimaryKeyString(), reason.Description);
    }

    private async Task StoreAsync(string label, CallContext last)
    {
        try
        {
            state.State = new StatefulState { Label = label, TraceHigh = last.Trace.High, TraceLow = last.Trace.Low, Call = last.Call.Value };
            await state.WriteStateAsync();
        }
        catch (Exception failure)
        {
            // Another silo may have taken over: this activation knows nothing any more.
            LogNotKept(log, this.GetPrimaryKeyString(), failure.Message);
            DeactivateOnIdle();
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Component}: its last call was cut off ({Reason})")]
    private static partial void LogCutOff(ILogger log, string component, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Component}: its label could not be stored: {Reason}")]
    private static partial void LogNotKept(ILogger log, string component, string reason);
}
