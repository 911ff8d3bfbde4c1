using System.Buffers;
using Chain.PolicyEngine.Decisions;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Values;
using CallOutcome = Chain.Tracer.Calls.CallOutcome;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// Answers the calls that other silos send: the same pipeline, but for the decision on the arguments and the record of the call itself, which are the
/// sender's. Safe for any thread.
/// </summary>
/// <param name="silo">What the record calls this node.</param>
/// <param name="services">What the node has.</param>
/// <param name="threads">
/// Where these calls run: one that a chain waits for always gets a thread, because the chains that have the others may be waiting for it.
/// </param>
/// <param name="hold">Gives the version of an application that a chain began with.</param>
internal sealed class RemoteAnswers(
    string silo, NodeServices services, GuestThreads threads, Func<string, int, CancellationToken, Task<DeployedApplication>> hold)
{
    private readonly LabelTexts texts = services.LabelTexts;
    private readonly CancellationTokenSource breakOff = new();

    /// <summary>Ends the calls that are under way, and answers no more: the silo has no more time.</summary>
    public void BreakOff() => breakOff.Cancel();

    /// <summary>Runs one attempt of a call.</summary>
    /// <param name="request">The attempt.</param>
    /// <param name="slot">The instance, where the component is stateful.</param>
    /// <param name="cancellation">The sender gives up.</param>
    public async Task<RemoteReply> AnswerAsync(RemoteRequest request, StatefulSlot? slot, CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, breakOff.Token);
        ends.CancelAfter(request.Left);
        DeployedApplication application;
        try
        {
            application = await hold(request.Application, request.Version, ends.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return RemoteReply.NotStarted(silo, $"{request.Application} version {request.Version} cannot be had: {failure.Message}");
        }

        try
        {
            RemoteReply reply = await AnswerAsync(application, request, slot, new ChainState(cancellation, ends.Token, request.Left)).ConfigureAwait(false);
            return breakOff.IsCancellationRequested && reply.Outcome is CallOutcome.TimedOut or CallOutcome.Cancelled
                ? reply with { Outcome = CallOutcome.Lost, Error = "the silo left the cluster before it was done" }
                : reply;
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
        {
            return RemoteReply.NotStarted(silo, failure is ObjectDisposedException ? "its instance moves to another silo" : "it waited until its time was over");
        }
        catch (Exception failure)
        {
            // It would be the same on every silo, or nobody knows why; but whoever waits must hear of it.
            return new RemoteReply { Silo = silo, HasStarted = true, Outcome = CallOutcome.Trapped, Error = failure.Message };
        }
        finally
        {
            application.Leave();
        }
    }

    private async Task<RemoteReply> AnswerAsync(DeployedApplication application, RemoteRequest request, StatefulSlot? slot, ChainState chain)
    {
        DeployedComponent component = application.Components.GetValueOrDefault(request.Component)
            ?? throw new KeyNotFoundException($"{request.Application} version {request.Version} has no component '{request.Component}'");

        // Whoever sent it may not have known what the component asks for, such as a silo that has just started.
        if (!services.MayRun(component.Plan)) return RemoteReply.NotStarted(silo, "this silo lacks the labels that it asks for") with { IsMisplaced = true };
        CallRoute route = component.RemoteEntryOf(request.Caller, request.Interface, request.Function, services);
        foreach (RemoteStep step in request.Passed)
            chain.Add(application.PartyOf(step.Component) ?? new CallParty(new ComponentRef(step.Component)), texts.Read(step.Label));
        foreach (string instance in request.Held) chain.Hold(instance);

        // Without a thread: many may wait for a stateful instance.
        if (slot is not null) await slot.EnterAsync(chain, chain.Cancellation).ConfigureAwait(false);

        // What follows goes on on the guest's thread: little is left to do, and nothing of it waits.
        var done = new TaskCompletionSource<RemoteReply>();
        bool isTaken = threads.TryRun(() =>
        {
            RemoteReply reply;
            try
            {
                reply = Run(component, route, request, slot, chain);
            }
            catch (Exception failure)
            {
                done.SetException(failure);
                return;
            }

            done.SetResult(reply);
        });
        if (isTaken) return await done.Task.ConfigureAwait(false);
        slot?.Leave();
        return RemoteReply.NotStarted(silo, "it has as many calls as it takes");
    }

    private RemoteReply Run(DeployedComponent component, CallRoute route, RemoteRequest request, StatefulSlot? slot, ChainState chain)
    {
        CallPipeline pipeline = services.Pipeline;
        ComponentValue[] arguments = ArgumentsOf(request, route, slot);
        Guest guest = slot is null ? component.Target.Take(chain, request.Key, chain.Cancellation) : slot.Take(component.Maker, chain);
        LabelId label = texts.Read(request.Label);
        CallFrame frame = guest.Frame;
        ActiveCall call = request.Call.IsNone ? default : ActiveCall.StartedElsewhere(request.Call, default, route.Site, label);
        frame.TakeUp(route, call, chain, request.Depth, label, request.Decisions);
        if (route.Result.ReadsValue) frame.Arguments = arguments;
        int passed = request.Passed.Count;
        ReadOnlyMemory<byte> packed = default;
        string? denial = null;
        Exception? error = null;
        try
        {
            guest.Enter(chain);
            ComponentValue? value = guest.Function(route).Invoke(arguments);
            denial = pipeline.Result(frame, value is ResultValue { IsOk: false }, () => value);
            if (denial is null) packed = Packed(value, route);
        }
        catch (Exception failure)
        {
            error = failure;
        }

        CallOutcome outcome = error is null ? frame.Outcome : GuestInterceptor.OutcomeOf(chain, CallInterceptor.OutcomeOf(error));
        RemoteReply reply = new()
        {
            Silo = silo,
            HasStarted = true,
            Outcome = outcome,
            Error = denial ?? error?.Message,
            Value = packed,
            LabelOut = texts.Of(frame.LabelOut),
            Label = texts.Of(frame.Label),
            LabelRead = texts.Of(frame.LabelRead),
            Passed = texts.StepsOf(chain.Passed.Span[Math.Min(passed, chain.Passed.Length)..]),
            Parts = frame.Parts.Count == 0 ? [] : [.. frame.Parts.Select(static part => new RemoteStep(part.Part, part.Tags.ToString()))],
        };
        guest.Owner.Return(guest, isSound: error is null);
        return reply;
    }

    private static ComponentValue[] ArgumentsOf(RemoteRequest request, CallRoute route, StatefulSlot? slot)
    {
        try
        {
            return ValueCodec.ReadArguments(request.Arguments.Span, route.Type!);
        }
        catch
        {
            slot?.Leave();
            throw;
        }
    }

    private static ReadOnlyMemory<byte> Packed(ComponentValue? value, CallRoute route)
    {
        ArrayBufferWriter<byte> output = PackedValues.Empty();
        ValueCodec.WriteResult(output, value, route.Type!);
        return output.WrittenSpan.ToArray();
    }
}
