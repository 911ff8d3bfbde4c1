using System.Buffers;
using System.Collections.Concurrent;
using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Polly;
using Polly.Retry;
using CallOutcome = Chain.Tracer.Calls.CallOutcome;
using Outcome = Chain.Wasm.Components.Hosting.CallOutcome;

namespace Chain.Silo.Calls.Remote;

/// <summary>How a call to another silo ended.</summary>
/// <param name="Frame">The last attempt, which is over.</param>
/// <param name="Value">What it returned.</param>
/// <param name="Denial">The message of a denial, before it was sent or of its result.</param>
/// <param name="Failure">Why it failed.</param>
/// <param name="Learned">The label of what the caller learns by it.</param>
public sealed record RemoteResult(CallFrame Frame, ComponentValue? Value, string? Denial, Exception? Failure, LabelId Learned);

/// <summary>
/// Makes calls to components on other silos: labels, decides, sends, and records each attempt as a call of its own. An attempt that did not start is
/// followed by another until the chain's deadline; one that may have run is not, unless the function is idempotent. Safe for any thread.
/// </summary>
public sealed class RemoteCaller
{
    /// <summary>Calls inside one another in a chain that goes from silo to silo, at most: a circle ends here.</summary>
    public const int MostDepth = 200;

    private const int MostAttempts = 30;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly ResiliencePipeline Once = Attempts(static failure => failure is NotStartedException);
    private static readonly ResiliencePipeline Idempotent = Attempts(static failure => failure is NotStartedException or CallLostException);

    private readonly CallPipeline pipeline;
    private readonly CallNames names;
    private readonly IRemoteTransport transport;
    private readonly LabelTexts texts;
    private readonly ConcurrentDictionary<(CallSiteId Site, string Silo, int Attempt), CallSiteId> sites = new();

    internal RemoteCaller(CallPipeline pipeline, CallNames names, IRemoteTransport transport, LabelTexts texts)
    {
        this.pipeline = pipeline;
        this.names = names;
        this.transport = transport;
        this.texts = texts;
    }

    /// <summary>Makes a call; its failures are in the result.</summary>
    /// <param name="route">What is called; it has a <see cref="CallRoute.Remote"/>.</param>
    /// <param name="parent">The caller's context; none for the root of a chain.</param>
    /// <param name="chain">The chain; nothing else of it runs meanwhile.</param>
    /// <param name="depth">How many calls of the chain are around it.</param>
    /// <param name="data">The label of all that the caller may have put into the arguments.</param>
    /// <param name="arguments">The arguments.</param>
    public async Task<RemoteResult> CallAsync(
        CallRoute route, CallContext parent, ChainState chain, int depth, LabelId data, IReadOnlyList<ComponentValue> arguments)
    {
        RemoteRoute remote = route.Remote!;
        var state = new Call(route, remote, parent, chain, depth, data, arguments);
        try
        {
            state.Prepare();
            return await AttemptAsync(state).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return await AgainAsync(state, failure).ConfigureAwait(false);
        }
    }

    /// <summary>What becomes of a call whose first attempt failed: nearly all calls have one only, and are made without a pipeline around them.</summary>
    private async Task<RemoteResult> AgainAsync(Call call, Exception first)
    {
        try
        {
            ResiliencePipeline attempts = call.Remote.IsIdempotent ? Idempotent : Once;
            return await attempts.ExecuteAsync(static (all, _) => all.Caller.NextAsync(all.State, all.First), (Caller: this, State: call, First: first), call.Chain.Cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            CallFrame frame = call.Frame ?? Unsent(call, failure);
            return new RemoteResult(frame, null, null, failure, frame.Label);
        }
    }

    private ValueTask<RemoteResult> NextAsync(Call call, Exception first)
    {
        if (call.IsAgain) return AttemptAsync(call);
        call.IsAgain = true;
        return ValueTask.FromException<RemoteResult>(first);
    }

    private static ResiliencePipeline Attempts(Func<Exception, bool> again) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is { } failure && again(failure)),
            MaxRetryAttempts = MostAttempts,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstPause,
            MaxDelay = LongestPause,
        }).Build();

    private async ValueTask<RemoteResult> AttemptAsync(Call call)
    {
        var frame = new CallFrame();
        int passed = call.Chain.Passed.Length;
        call.Attempt++;
        if (pipeline.Begin(frame, call.Route, call.Parent, call.Chain, call.Depth, call.Data, call.Reader) is { } denial)
        {
            call.Frame = frame;
            return new RemoteResult(frame, null, denial, null, frame.LabelOut);
        }

        RemoteReply reply;
        try
        {
            reply = await transport.SendAsync(call.Target, RequestOf(call, frame), call.Chain.Cancellation).ConfigureAwait(false);
            if (!reply.HasStarted) throw new NotStartedException($"{call.Target.Name} on silo {reply.Silo}: {reply.Error}");
        }
        catch (Exception failure)
        {
            call.Frame = frame;
            if (failure is NotStartedException) call.Chain.Forget(passed);
            pipeline.End(frame, OutcomeOf(call.Chain, failure), failure.Message, SiteOf(call, ""));
            throw;
        }

        call.Frame = frame;
        RemoteResult taken = Take(call, frame, reply);

        // Thrown, so that an idempotent call is made again.
        return taken.Failure is CallLostException lost ? throw lost : taken;
    }

    private RemoteResult Take(Call call, CallFrame frame, RemoteReply reply)
    {
        frame.Label = pipeline.Labels.Union(frame.Label, texts.Read(reply.Label));
        frame.LabelRead = texts.Read(reply.LabelRead);
        frame.LabelOut = texts.Read(reply.LabelOut);
        frame.SizeIn = call.Packed.Length;
        frame.SizeOut = reply.Value.Length;
        frame.Copies = 2;
        if (reply.Parts.Count > 0) frame.Parts = [.. frame.Parts, .. reply.Parts.Select(static part => (part.Component, Label.Parse(part.Label)))];
        foreach (RemoteStep step in reply.Passed) call.Chain.Add(PartyOf(call.Route, step.Component), texts.Read(step.Label));
        (ComponentValue? value, Exception? failure) = (null, null);
        CallOutcome outcome = reply.Outcome;
        if (outcome is CallOutcome.Returned or CallOutcome.ErrorResult)
        {
            try
            {
                value = ValueCodec.ReadResult(reply.Value.Span, call.Route.Type!);
            }
            catch (MalformedValueException malformed)
            {
                failure = new CallLostException($"{call.Target.Name} on silo {reply.Silo}: {malformed.Message}", malformed);
                outcome = CallOutcome.Lost;
            }
        }
        else if (outcome == CallOutcome.Lost)
        {
            failure = new CallLostException($"{call.Target.Name} on silo {reply.Silo}: {reply.Error}");
        }
        else if (outcome != CallOutcome.Denied)
        {
            failure = new ComponentTrapException($"{call.Target.Name} on silo {reply.Silo}: {reply.Error}");
        }

        pipeline.End(frame, outcome, reply.Error, SiteOf(call, reply.Silo));

        // What the caller learns of a call that failed is at most that it failed; but that depends on what the callee knew.
        return new RemoteResult(
            frame, value, outcome == CallOutcome.Denied ? reply.Error ?? "denied" : null, failure, failure is null ? frame.LabelOut : frame.Label);
    }

    private RemoteRequest RequestOf(Call call, CallFrame frame) => new()
    {
        Application = call.Remote.Application,
        Version = call.Remote.Version,
        Component = call.Remote.Component,
        Key = call.Target.Key,
        Interface = call.Route.ExportedInterface,
        Function = call.Route.ExportedFunction,
        Caller = call.Route.Link.Caller == CallParty.Outside ? "" : call.Route.Link.Caller.ComponentName,
        Call = frame.Call.Context,
        Arguments = call.Packed,
        Label = texts.Of(frame.LabelIn),
        Passed = texts.StepsOf(call.Chain.Passed.Span),
        Held = call.Chain.Held.Count == 0 ? [] : [.. call.Chain.Held],
        Depth = call.Depth,
        Decisions = frame.Decisions,
        Left = call.Chain.Left,
    };

    /// <summary>Records a call that could not be sent at all.</summary>
    private CallFrame Unsent(Call call, Exception failure)
    {
        var frame = new CallFrame();
        if (pipeline.Begin(frame, call.Route, call.Parent, call.Chain, call.Depth, call.Data, call.Reader) is null)
            pipeline.End(frame, OutcomeOf(call.Chain, failure), failure.Message);
        return frame;
    }

    private CallSiteId? SiteOf(Call call, string silo)
    {
        if (silo.Length == 0 && call.Attempt == 1) return null;
        return sites.GetOrAdd((call.Route.Site, silo, call.Attempt), static (key, names) =>
            names.Intern(names[key.Site] with { Host = key.Silo, Attempt = key.Attempt }), names);
    }

    private static CallOutcome OutcomeOf(ChainState chain, Exception failure) => failure switch
    {
        NotStartedException => CallOutcome.NotStarted,
        CallLostException => CallOutcome.Lost,
        _ => GuestInterceptor.OutcomeOf(chain, failure is OperationCanceledException ? Outcome.LimitHit : Outcome.Failed),
    };

    private static CallParty PartyOf(CallRoute route, string name) =>
        name == route.Link.Callee.Name ? route.Link.Callee
        : name == route.Link.Caller.Name ? route.Link.Caller
        : route.Parties?.Invoke(name) ?? new CallParty(new ComponentRef(name));

    /// <summary>What all attempts of a call share.</summary>
    private sealed class Call(
        CallRoute route, RemoteRoute remote, CallContext parent, ChainState chain, int depth, LabelId data, IReadOnlyList<ComponentValue> arguments)
    {
        public CallRoute Route => route;

        public RemoteRoute Remote => remote;

        public CallContext Parent => parent;

        public ChainState Chain => chain;

        public int Depth => depth;

        public LabelId Data => data;

        public IReadOnlyList<ComponentValue> Arguments => arguments;

        /// <summary>Reads the arguments, where rules need them.</summary>
        public Func<IReadOnlyList<ComponentValue>>? Reader => route.Arguments.ReadsValue || route.Result.ReadsValue ? ReadArguments : null;

        public RemoteTarget Target { get; private set; } = null!;

        public ReadOnlyMemory<byte> Packed { get; private set; }

        public int Attempt { get; set; }

        /// <summary>Whether attempts from now on are made again by the pipeline.</summary>
        public bool IsAgain { get; set; }

        /// <summary>The last attempt.</summary>
        public CallFrame? Frame { get; set; }

        /// <summary>Finds out what cannot work before anything is sent.</summary>
        public void Prepare()
        {
            Target = remote.TargetOf(route.KeyParameter < 0 ? "" : route.KeyOf(ReadArguments));
            if (chain.Holds(Target.Name)) throw Cycle(Target.Name);
            if (depth >= MostDepth) throw new ComponentTrapException($"{Target.Name}: more than {MostDepth} calls inside one another: a circle");
            ArrayBufferWriter<byte> output = PackedValues.Empty();
            ValueCodec.WriteArguments(output, arguments, route.Type!);
            Packed = output.WrittenSpan.ToArray();
        }

        private IReadOnlyList<ComponentValue> ReadArguments() => arguments;
    }

    /// <summary>A chain comes back to a stateful instance that answers it already.</summary>
    internal static ComponentTrapException Cycle(string instance) =>
        new($"{instance} is stateful and already answers a call of this chain: a cycle");
}
