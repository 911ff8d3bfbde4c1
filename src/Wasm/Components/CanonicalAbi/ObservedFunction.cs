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
        answer = 0;
        switch (decision.What)
        {
            case CallDecision.Kind.Answer:
                answer = Lower((ComponentValue?)decision.Detail, flat);
                Interceptor.OnOutcome(call, CallOutcome.Answered, null);
                return null;
            case CallDecision.Kind.Refuse:
                var refusal = new CallRefusedException((string)decision.Detail!);
                Interceptor.OnOutcome(call, CallOutcome.Refused, refusal);
                throw refusal;
            case CallDecision.Kind.Route:
                Route((ComponentFunction)decision.Detail!);
                return call;
            default:
                CheckCanProceed();
                return call;
        }
    }

    /// <summary>Ends a call that returned. Answers the bits of the core result that the caller gets.</summary>
    public virtual ulong Returned(ComponentCall call, ulong* flat, ulong result)
    {
        call.SetResult(() => Lift(flat, result));
        call.IsErrorResult = IsError(flat, result);
        Interceptor.OnOutcome(call, CallOutcome.Returned, null);
        return result;
    }

    /// <summary>Ends a call that did not return.</summary>
    public void Failed(ComponentCall call, Exception error) => Interceptor.OnOutcome(call, CallInterceptor.OutcomeOf(error), error);

    /// <summary>Whether a <c>result</c>, as core value or in memory, is an error.</summary>
    protected static bool IsError(AbiContext context, FunctionShape shape, ulong bits) =>
        shape.FlatResults is null ? context.At((uint)bits, 1, 1)[0] != 0 : (uint)bits != 0;

    protected abstract ComponentCall Describe(ulong* flat);

    protected abstract ulong Lower(ComponentValue? answer, ulong* flat);

    protected abstract ComponentValue? Lift(ulong* flat, ulong result);

    protected abstract bool IsError(ulong* flat, ulong result);

    protected abstract void Route(ComponentFunction callee);

    protected abstract void CheckCanProceed();
}

/// <summary>A lowered function: calls to the host and between components.</summary>
internal sealed unsafe class ObservedImport : ObservedFunction
{
    private readonly LoweredFunction function;
    private ComponentCall? current;
    private CallDecision verdict;

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

    protected override ulong Lower(ComponentValue? answer, ulong* flat)
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

    // The caller waits, so that there is one call at a time.
    public override ComponentCall? Begin(ulong* flat, out ulong answer)
    {
        verdict = default;
        return current = base.Begin(flat, out answer);
    }

    public override ulong Returned(ComponentCall call, ulong* flat, ulong result)
    {
        switch (verdict.What)
        {
            case CallDecision.Kind.Answer:
                ulong answer = Lower((ComponentValue?)verdict.Detail, flat);
                Interceptor.OnOutcome(call, CallOutcome.Answered, null);
                return answer;
            case CallDecision.Kind.Refuse:
                var refusal = new CallRefusedException((string)verdict.Detail!);
                Failed(call, refusal);
                throw refusal;
            default:
                return base.Returned(call, flat, result);
        }
    }

    /// <summary>Asks the interceptor about a result that the callee still has for itself.</summary>
    private bool Admit(ulong raw)
    {
        ComponentCall call = current!;
        LiftedFunction callee = function.Lifted!;
        if (Shape.Type.Result is { } type)
        {
            var lifter = new TreeLifter(callee.Context, callee.Shape, callee.Resources, new HandleLifting(null, PeeksOnly: true));
            call.SetResult(() => lifter.LiftAll([raw], Shape.FlatResults, new TupleType([type]))[0]);
            call.IsErrorResult = type is ResultType && IsError(callee.Context, Shape, raw);
        }

        verdict = Interceptor.OnResult(call);
        return verdict.What == CallDecision.Kind.Proceed;
    }

    protected override bool IsError(ulong* flat, ulong result) => Shape.Type.Result is ResultType
        && IsError(function.Caller, Shape, Shape.FlatResults is null ? flat[FlatCount - 1] : result);

    protected override void Route(ComponentFunction callee)
    {
        if (function.Host is not null || callee is not LiftedFunction lifted)
            throw new InvalidOperationException("only calls between components can be routed, and only to a component");
        if (lifted.Shape.Key != Shape.Key) throw new InvalidOperationException("the function that the call is routed to is of another type");
        function.Lifted = lifted;
    }

    protected override void CheckCanProceed()
    {
        if (function is { Lifted: null, Host: null }) throw new ComponentTrapException($"no component answers {function.Callee.Describe()}");
    }

    private TreeLifter Lifter() => new(function.Caller, Shape, function.Resources, new HandleLifting(null, PeeksOnly: true));
}

/// <summary>An export that the host calls through a delegate; it is shown when its arguments are in the guest's memory.</summary>
internal sealed unsafe class ObservedExport(LiftedFunction function, Delegate inner, CallInterceptor interceptor) : ObservedFunction(interceptor)
{
    public override Delegate Inner => inner;

    private FunctionShape Shape => function.Shape;

    protected override ComponentCall Describe(ulong* flat) => new(function.Instance.Store, CallDirection.Export, function, "", () => Lifter().LiftAll(
        new ReadOnlySpan<ulong>(flat, Shape.LiftedType.Parameters.Length), Shape.FlatParameters, Shape.ParameterTuple));

    protected override ulong Lower(ComponentValue? answer, ulong* flat) =>
        throw new CallRefusedException("a call of the host's cannot be answered for the guest, only refused");

    protected override ComponentValue? Lift(ulong* flat, ulong result) => Shape.Type.Result is { } type
        ? Lifter().LiftAll([result], Shape.FlatResults, new TupleType([type]))[0]
        : null;

    protected override bool IsError(ulong* flat, ulong result) => Shape.Type.Result is ResultType && IsError(function.Context, Shape, result);

    protected override void Route(ComponentFunction callee) => throw new InvalidOperationException("a call of the host's cannot be routed");

    protected override void CheckCanProceed()
    {
    }

    private TreeLifter Lifter() => new(function.Context, Shape, function.Resources, new HandleLifting(null, PeeksOnly: true));
}
