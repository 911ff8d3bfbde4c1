using System.Runtime.ExceptionServices;
using Chain.PolicyEngine.Decisions;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Values;
using Outcome = Chain.Wasm.Components.Hosting.CallOutcome;

namespace Chain.Silo.Calls;

/// <summary>Takes the calls that a guest makes through the pipeline: to other components of the application, and to sinks of the host.</summary>
internal sealed class GuestInterceptor(Guest guest) : CallInterceptor
{
    /// <summary>Functions have their <see cref="CallRoute"/> or <see cref="ISinkRouter"/> as tag; the others are the host's own affair.</summary>
    public override bool Observes(ComponentFunction callee) => callee.Tag is CallRoute or ISinkRouter or IHostGate;

    public override CallDecision OnCall(ComponentCall call) => call.Callee.Tag switch
    {
        CallRoute { Target: { } target } route => ToComponent(call, route, target),
        ISinkRouter sinks => ToSink(call, sinks),
        IHostGate gate => gate.Decide(guest, call),
        _ => CallDecision.Proceed,
    };

    public override CallDecision OnResult(ComponentCall call)
    {
        if (call.State is not Guest callee) return CallDecision.Proceed;
        CallFrame frame = callee.Frame;
        string? denial = guest.Pipeline.Result(frame, call.IsErrorResult, () => call.Result);
        if (denial is null) return CallDecision.Proceed;
        return Denial.Of(call.Type, denial) is { } error ? CallDecision.Answer(error) : CallDecision.Refuse(denial);
    }

    public override void OnOutcome(ComponentCall call, Outcome outcome, Exception? error)
    {
        switch (call.State)
        {
            case Guest callee:
                (callee.Frame.SizeIn, callee.Frame.SizeOut, callee.Frame.Copies) = (call.ArgumentBytes, call.ResultBytes, call.HasCopied ? 1 : 0);
                EndCall(callee, outcome, error);
                break;
            case CallFrame sink:
                guest.Pipeline.Result(sink, call.IsErrorResult, null);
                guest.Pipeline.End(sink, error is null ? sink.Outcome : OutcomeOf(sink.Chain, outcome), error?.Message);
                // Last: it may end the guest.
                guest.Learn(sink.LabelOut);
                break;
        }
    }

    /// <summary>How a call ended, in the record's words.</summary>
    public static Tracer.Calls.CallOutcome OutcomeOf(ChainState chain, Outcome outcome) => outcome switch
    {
        Outcome.LimitHit when chain.Cancellation.IsCancellationRequested =>
            chain.IsGivenUp ? Tracer.Calls.CallOutcome.Cancelled : Tracer.Calls.CallOutcome.TimedOut,
        Outcome.Returned or Outcome.Answered => Tracer.Calls.CallOutcome.Returned,
        Outcome.Refused => Tracer.Calls.CallOutcome.Denied,
        _ => Tracer.Calls.CallOutcome.Trapped,
    };

    private CallDecision ToComponent(ComponentCall call, CallRoute route, ICallTarget target)
    {
        CallFrame caller = guest.Frame;
        if (route.Remote is { IsHere: false } remote) return ToOtherSilo(call, route, remote);
        Guest callee;
        try
        {
            callee = target.Take(caller.Chain, route.KeyOf(() => call.Arguments), caller.Chain.Cancellation);
        }
        catch (Exception error)
        {
            var failed = new CallFrame();
            if (Begin(failed, route, call) is null) guest.Pipeline.End(failed, OutcomeOf(caller.Chain, Outcome.LimitHit), error.Message);
            throw;
        }

        if (Begin(callee.Frame, route, call) is { } denial)
        {
            callee.Owner.Return(callee, isSound: true);
            return Denial.Of(call.Type, denial) is { } error ? CallDecision.Answer(error) : CallDecision.Refuse(denial);
        }

        try
        {
            callee.Enter(caller.Chain);
            call.State = callee;
            return CallDecision.Route(callee.Function(route));
        }
        catch (Exception error)
        {
            // A call that did not get under way has no outcome but this one.
            guest.Pipeline.End(callee.Frame, OutcomeOf(caller.Chain, CallInterceptor.OutcomeOf(error)), error.Message);
            callee.Owner.Return(callee, isSound: false);
            throw;
        }
    }

    private CallDecision ToOtherSilo(ComponentCall call, CallRoute route, RemoteRoute remote)
    {
        CallFrame caller = guest.Frame;

        Task<RemoteResult> answer = remote.Caller.CallAsync(route, caller.Call.Context, caller.Chain, caller.Depth + 1, caller.Label, call.Arguments);

        // Guests have threads of their own to wait on.
        RemoteResult result;
        using (GuestThreads.Waiting()) result = answer.GetAwaiter().GetResult();
        guest.Learn(result.Learned);
        if (result.Failure is { } failure) ExceptionDispatchInfo.Throw(failure);
        if (result.Denial is not { } denial) return CallDecision.Answer(result.Value);
        return Denial.Of(call.Type, denial) is { } error ? CallDecision.Answer(error) : CallDecision.Refuse(denial);
    }

    private CallDecision ToSink(ComponentCall call, ISinkRouter sinks)
    {
        SinkCall sink = sinks.Route(guest, call);
        var frame = new CallFrame();
        if (Begin(frame, sink.Route, call) is { } denial)
            return sink.Denial(denial) is { } error ? CallDecision.Answer(error) : CallDecision.Refuse(denial);
        sink.Sending(frame);
        guest.KeepOpen(frame, PolicyEvent.Call);
        call.State = frame;
        return CallDecision.Proceed;
    }

    private string? Begin(CallFrame frame, CallRoute route, ComponentCall call)
    {
        CallFrame caller = guest.Frame;
        CallContext parent = caller.Call.Context;
        return guest.Pipeline.Begin(frame, route, parent, caller.Chain, caller.Depth + 1, caller.Label, () => call.Arguments);
    }

    private void EndCall(Guest callee, Outcome outcome, Exception? error)
    {
        CallFrame frame = callee.Frame, caller = guest.Frame;
        Tracer.Calls.CallOutcome ended = error is null || outcome == Outcome.Refused ? frame.Outcome : OutcomeOf(caller.Chain, outcome);
        // What the caller learns of a call that failed is at most that it failed; but that depends on what the callee knew.
        LabelId learned = error is null ? frame.LabelOut : frame.Label;
        guest.Pipeline.End(frame, ended, error?.Message);
        callee.Owner.Return(callee, isSound: error is null);
        guest.Learn(learned);
    }
}

/// <summary>Finds what a guest's call to the host means: a sink of the application.</summary>
public interface ISinkRouter
{
    SinkCall Route(Guest guest, ComponentCall call);
}

/// <summary>Decides on a guest's call to the host that is no call of the chain.</summary>
public interface IHostGate
{
    CallDecision Decide(Guest guest, ComponentCall call);
}

/// <summary>One call to a sink.</summary>
/// <param name="Route">What is called.</param>
/// <param name="Denial">The result that the guest gets for a message of a denial; <see langword="null"/> to trap.</param>
/// <param name="Sending">Called when it goes on.</param>
public sealed record SinkCall(CallRoute Route, Func<string, ComponentValue?> Denial, Action<CallFrame> Sending);
