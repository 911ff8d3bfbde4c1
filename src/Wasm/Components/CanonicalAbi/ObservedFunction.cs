using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>
/// Shows calls of one function to the interceptor of its store: the first argument of the generated code that stands around the function's own.
/// </summary>
internal abstract unsafe class ObservedFunction(CallInterceptor interceptor)
{
    protected CallInterceptor Interceptor { get; } = interceptor;

    /// <summary>The code that is shown, as a delegate of the same type.</summary>
    public abstract Delegate Inner { get; }

    /// <summary>Begins a call.</summary>
    /// <param name="flat">The bits of the core arguments; valid until the call ends.</param>
    /// <param name="answer">The bits of the core result, where it answers <see langword="null"/>.</param>
    /// <returns>The call, or <see langword="null"/> where the interceptor has given the result.</returns>
    /// <exception cref="CallRefusedException">The interceptor refused it.</exception>
    public virtual ComponentCall? Begin(ulong* flat, out ulong answer)
    {
        ComponentCall call = Describe(flat);
        CallDecision decision = Interceptor.OnCall(call);
        call.EndArguments();
        answer = 0;
        try
        {
            switch (decision.What)
            {
                case CallDecision.Kind.Answer:
                    answer = Answer((ComponentValue?)decision.Detail, flat);
                    break;
                case CallDecision.Kind.Refuse: throw new CallRefusedException((string)decision.Detail!);
                case CallDecision.Kind.Route:
                    Route(call, (ComponentFunction)decision.Detail!);
                    return call;
                default:
                    Proceed(call);
                    return call;
            }
        }
        catch (Exception error)
        {
            Failed(call, error);
            throw;
        }

        Interceptor.OnOutcome(call, CallOutcome.Answered, null);
        return null;
    }

    /// <summary>Ends a call that returned. Answers the bits of the core result that the caller gets.</summary>
    public virtual ulong Returned(ComponentCall call, ulong* flat, ulong result)
    {
        call.SetResult(() => Lift(flat, result));
        call.IsErrorResult = IsError(flat, result);
        Interceptor.OnOutcome(call, CallOutcome.Returned, null);
        call.SetResult(null);
        return result;
    }

    /// <summary>Ends a call that did not return.</summary>
    public virtual void Failed(ComponentCall call, Exception error) => Interceptor.OnOutcome(call, CallInterceptor.OutcomeOf(error), error);

    /// <summary>Whether a <c>result</c>, as core value or in memory, is an error.</summary>
    protected static bool IsError(AbiContext context, FunctionShape shape, ulong bits) =>
        shape.FlatResults is null ? context.At((uint)bits, 1, 1)[0] != 0 : (uint)bits != 0;

    protected abstract ComponentCall Describe(ulong* flat);

    /// <summary>Gives a result in the callee's place.</summary>
    protected abstract ulong Answer(ComponentValue? answer, ulong* flat);

    protected abstract ComponentValue? Lift(ulong* flat, ulong result);

    protected abstract bool IsError(ulong* flat, ulong result);

    protected abstract void Route(ComponentCall call, ComponentFunction callee);

    /// <summary>Lets the call go to the callee it is linked with.</summary>
    protected abstract void Proceed(ComponentCall call);
}

/// <summary>A lowered function: calls to the host and between components.</summary>
internal sealed unsafe class ObservedImport : ObservedFunction
{
    private readonly LoweredFunction function;
    private ComponentCall? current;

    public ObservedImport(LoweredFunction function, CallInterceptor interceptor)
        : base(interceptor)
    {
        this.function = function;
        function.Gate = Admit;
    }

    public override Delegate Inner => function.Code;

    private FunctionShape Shape => function.Shape;

    private int FlatCount => Shape.LoweredType.Parameters.Length;

    protected override ComponentCall Describe(ulong* flat)
    {
        InstanceState caller = function.Caller.Instance;
        CallDirection direction = function.Callee is HostFunction ? CallDirection.Import : CallDirection.Internal;
        return new ComponentCall(caller.Store, direction, function.Callee, caller.Path, () => Lifter().LiftAll(
            new ReadOnlySpan<ulong>(flat, FlatCount), Shape.FlatParameters, Shape.ParameterTuple));
    }

    protected override ulong Answer(ComponentValue? answer, ulong* flat)
    {
        ulong bits = Lower(answer, flat);
        if (Shape.HasOwnParameter) DropOwned(flat);
        return bits;
    }

    private ulong Lower(ComponentValue? answer, ulong* flat)
    {
        if (Shape.Type.Result is not { } type) return 0;
        ArgumentNullException.ThrowIfNull(answer);
        var lowerer = new TreeLowerer(function.Caller, Shape, function.Resources, null);
        uint? target = Shape.FlatResults is null ? (uint)flat[FlatCount - 1] : null;
        List<ulong> lowered = lowerer.LowerAll([answer], Shape.FlatResults, new TupleType([type]), target);
        return lowered[0];
    }

    protected override ComponentValue? Lift(ulong* flat, ulong result)
    {
        if (Shape.Type.Result is not { } type) return null;
        ulong bits = Shape.FlatResults is null ? flat[FlatCount - 1] : result;
        return Lifter().LiftAll([bits], Shape.FlatResults, new TupleType([type]))[0];
    }

    public override ComponentCall? Begin(ulong* flat, out ulong answer)
    {
        function.Caller.Instance.CheckMayLeave();
        if (base.Begin(flat, out answer) is not { } call) return null;
        // An instance that lowers a function of its own can be in the same call twice.
        call.Outer = current;
        return current = call;
    }

    public override ulong Returned(ComponentCall call, ulong* flat, ulong result)
    {
        CallDecision verdict = call.Verdict;
        if (verdict.What == CallDecision.Kind.Proceed)
        {
            current = call.Outer;
            if (call.Target is not null) (call.ResultBytes, call.HasCopied) = (Shape.ResultBytes + function.Caller.Received, call.HasCopied || function.Caller.Received > 0);
            return base.Returned(call, flat, result);
        }

        ulong answer;
        try
        {
            answer = verdict.What switch
            {
                CallDecision.Kind.Answer => Lower((ComponentValue?)verdict.Detail, flat),
                CallDecision.Kind.Refuse => throw new CallRefusedException((string)verdict.Detail!),
                _ => throw new InvalidOperationException("a call that has returned cannot be routed"),
            };
        }
        catch (Exception error)
        {
            Failed(call, error);
            throw;
        }

        current = call.Outer;
        Interceptor.OnOutcome(call, CallOutcome.Answered, null);
        return answer;
    }

    public override void Failed(ComponentCall call, Exception error)
    {
        if (current == call) current = call.Outer;
        MeasureArguments(call);
        base.Failed(call, error);
    }

    /// <summary>The caller has given away what it passed as <c>own</c>, though nobody got it.</summary>
    private void DropOwned(ulong* flat)
    {
        var scope = new CallScope();
        var lifter = new TreeLifter(function.Caller, Shape, function.Resources, new HandleLifting(scope));
        foreach (ComponentValue argument in lifter.LiftAll(new ReadOnlySpan<ulong>(flat, FlatCount), Shape.FlatParameters, Shape.ParameterTuple))
            HostResources.DropOwned(argument, function.Caller.Instance);
        scope.EndLends();
    }

    /// <summary>What the callee got, unless that is known already: its memory may have been given more since.</summary>
    private void MeasureArguments(ComponentCall call)
    {
        if (call.Target is not { } callee || call.ArgumentBytes > 0) return;
        call.ArgumentBytes = Shape.ArgumentBytes + callee.Context.Received;
        call.HasCopied = callee.Context.Received > 0;
    }

    /// <summary>Asks the interceptor about a result that the callee still has for itself.</summary>
    private bool Admit(ulong raw)
    {
        ComponentCall call = current!;
        LiftedFunction callee = call.Target!;
        MeasureArguments(call);
        function.Caller.Received = 0;
        if (Shape.Type.Result is { } type)
        {
            var lifter = new TreeLifter(callee.Context, callee.Shape, callee.Resources, new HandleLifting(null, PeeksOnly: true));
            call.SetResult(() => lifter.LiftAll([raw], Shape.FlatResults, new TupleType([type]))[0]);
            call.IsErrorResult = type is ResultType && IsError(callee.Context, Shape, raw);
        }

        call.Verdict = Interceptor.OnResult(call);
        call.SetResult(null);
        return call.Verdict.What == CallDecision.Kind.Proceed;
    }

    protected override bool IsError(ulong* flat, ulong result) => Shape.Type.Result is ResultType
        && IsError(function.Caller, Shape, Shape.FlatResults is null ? flat[FlatCount - 1] : result);

    protected override void Route(ComponentCall call, ComponentFunction callee)
    {
        if (function.Host is not null || callee is not LiftedFunction lifted)
            throw new InvalidOperationException("only calls between components can be routed, and only to a component");
        if (lifted.Shape.Key != Shape.Key || !lifted.Resources.AsSpan().SequenceEqual(function.Resources))
            throw new InvalidOperationException("the function that the call is routed to is of another type");
        function.Lifted = call.Target = lifted;
        lifted.Context.Received = 0;
    }

    protected override void Proceed(ComponentCall call)
    {
        function.Lifted = call.Target = function.Callee as LiftedFunction;
        if (call.Target is { } callee) callee.Context.Received = 0;
        if (function is { Lifted: null, Host: null }) throw new ComponentTrapException($"no component answers {function.Callee.Describe()}");
    }

    private TreeLifter Lifter() => new(function.Caller, Shape, function.Resources, new HandleLifting(null, PeeksOnly: true));
}

/// <summary>An export that the host calls through a delegate; it is shown when its arguments are in the guest's memory.</summary>
internal sealed unsafe class ObservedExport(LiftedFunction function, Delegate inner, CallInterceptor interceptor) : ObservedFunction(interceptor)
{
    private ComponentCall? returning;
    private ulong raw;

    public override Delegate Inner => inner;

    private FunctionShape Shape => function.Shape;

    protected override ComponentCall Describe(ulong* flat) => new(function.Instance.Store, CallDirection.Export, function, "", () => Lifter().LiftAll(
        new ReadOnlySpan<ulong>(flat, Shape.LiftedType.Parameters.Length), Shape.FlatParameters, Shape.ParameterTuple));

    // It has returned to the host when its result is lifted, which can fail.
    public override ulong Returned(ComponentCall call, ulong* flat, ulong result)
    {
        (returning, raw) = (call, result);
        return result;
    }

    public void EndReturned()
    {
        if (returning is not { } call) return;
        returning = null;
        base.Returned(call, null, raw);
    }

    public void EndFailed(Exception error)
    {
        if (returning is not { } call) return;
        returning = null;
        Failed(call, error);
    }

    // The host can call again after a refusal: nothing of the guest's has run but its allocator.
    public override ComponentCall? Begin(ulong* flat, out ulong answer)
    {
        try
        {
            return base.Begin(flat, out answer);
        }
        catch
        {
            AdapterRuntime.EndExportCall(function);
            throw;
        }
    }

    protected override ulong Answer(ComponentValue? answer, ulong* flat) =>
        throw new CallRefusedException("a call of the host's cannot be answered for the guest, only refused");

    protected override ComponentValue? Lift(ulong* flat, ulong result) => Shape.Type.Result is { } type
        ? Lifter().LiftAll([result], Shape.FlatResults, new TupleType([type]))[0]
        : null;

    protected override bool IsError(ulong* flat, ulong result) => Shape.Type.Result is ResultType && IsError(function.Context, Shape, result);

    protected override void Route(ComponentCall call, ComponentFunction callee) => throw new InvalidOperationException("a call of the host's cannot be routed");

    protected override void Proceed(ComponentCall call)
    {
    }

    private TreeLifter Lifter() => new(function.Context, Shape, function.Resources, new HandleLifting(null, PeeksOnly: true));
}
