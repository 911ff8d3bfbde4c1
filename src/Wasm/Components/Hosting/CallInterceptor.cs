using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Components.Hosting;

/// <summary>
/// Stands at every call that crosses a component's boundary in one store: between a component and the host, and between the components inside. It is
/// called on the guest's thread; where a store has none, nothing of it is in the code that runs.
/// </summary>
public abstract class CallInterceptor
{
    /// <summary>
    /// Whether calls of a function are shown at all; asked once for each instance that is made. By default all are.
    /// </summary>
    public virtual bool Observes(Runtime.ComponentFunction callee) => true;

    /// <summary>
    /// A call is about to be made. An exception from here ends the caller as one of a host function would.
    /// </summary>
    /// <param name="call">The call; its values can be read until this method returns.</param>
    public abstract CallDecision OnCall(ComponentCall call);

    /// <summary>
    /// A component that was called by another has returned; its caller has seen nothing of the result yet, and does not where it is refused or another is
    /// given in its place. Not called where <see cref="OnCall"/> answered.
    /// </summary>
    /// <param name="call">The same object as in <see cref="OnCall"/>; its result can be read until this method returns.</param>
    public virtual CallDecision OnResult(ComponentCall call) => CallDecision.Proceed;

    /// <summary>A call has ended, in whatever way.</summary>
    /// <param name="call">The same object as in <see cref="OnCall"/>; its result can be read until this method returns.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="error">The exception that ended it, if one did.</param>
    public virtual void OnOutcome(ComponentCall call, CallOutcome outcome, Exception? error)
    {
    }

    /// <summary>How a call ended that an exception ended.</summary>
    public static CallOutcome OutcomeOf(Exception error) => error switch
    {
        CallRefusedException => CallOutcome.Refused,
        GuestExitException => CallOutcome.Exited,
        WasmTrapException { Kind: TrapKind.Deadline or TrapKind.OutOfFuel or TrapKind.StackOverflow or TrapKind.AllocationTooLarge } => CallOutcome.LimitHit,
        WasmLimitException or OperationCanceledException => CallOutcome.LimitHit,
        WasmTrapException or ComponentTrapException or WasmGuestException => CallOutcome.Trapped,
        _ => CallOutcome.Failed,
    };
}

/// <summary>From where to where a call goes.</summary>
public enum CallDirection
{
    /// <summary>From a component to the host.</summary>
    Import,

    /// <summary>From the host to a component.</summary>
    Export,

    /// <summary>From one component instance to another.</summary>
    Internal,
}

/// <summary>How a call ended.</summary>
public enum CallOutcome
{
    Returned,

    /// <summary>The interceptor gave the result in the callee's place.</summary>
    Answered,

    /// <summary>The interceptor refused it.</summary>
    Refused,

    Trapped,

    /// <summary>A limit was reached: deadline, cancellation, fuel, stack or memory.</summary>
    LimitHit,

    /// <summary>The guest ended itself.</summary>
    Exited,

    /// <summary>A function of the host failed.</summary>
    Failed,
}

/// <summary>What is to become of a call.</summary>
public readonly struct CallDecision
{
    private CallDecision(Kind kind, object? detail)
    {
        What = kind;
        Detail = detail;
    }

    internal enum Kind
    {
        Proceed,
        Answer,
        Refuse,
        Route,
    }

    internal Kind What { get; }

    internal object? Detail { get; }

    /// <summary>It goes on to the callee.</summary>
    public static CallDecision Proceed => default;

    /// <summary>The callee does not run; the caller gets this result.</summary>
    /// <param name="result">A value of the function's result type; <see langword="null"/> where it has none.</param>
    public static CallDecision Answer(ComponentValue? result) => new(Kind.Answer, result);

    /// <summary>The callee does not run; the caller traps with <see cref="CallRefusedException"/>.</summary>
    /// <param name="reason">Why, in a few words.</param>
    public static CallDecision Refuse(string reason) => new(Kind.Refuse, reason);

    /// <summary>
    /// Another function of the same type is called, which may belong to another store that no other thread uses meanwhile. The values move from guest
    /// to guest.
    /// </summary>
    public static CallDecision Route(Runtime.ComponentFunction callee) => new(Kind.Route, callee);
}

/// <summary>A call was refused.</summary>
public sealed class CallRefusedException(string reason) : WasmException(reason);

/// <summary>A call as an interceptor sees it. For the thread of the call.</summary>
public sealed class ComponentCall
{
    private Func<ComponentValue[]>? readArguments;
    private ComponentValue[]? arguments;
    private Func<ComponentValue?>? readResult;

    internal ComponentCall(
        ComponentStore store, CallDirection direction, Runtime.ComponentFunction callee, string callerPath, Func<ComponentValue[]> readArguments)
    {
        Store = store;
        Direction = direction;
        Callee = callee;
        CallerPath = callerPath;
        this.readArguments = readArguments;
    }

    /// <summary>The caller's store, or the callee's where the host calls.</summary>
    public ComponentStore Store { get; }

    public CallDirection Direction { get; }

    /// <summary>The function that the caller is linked with.</summary>
    public Runtime.ComponentFunction Callee { get; }

    /// <summary>The interface that the function belongs to, such as <c>wasi:io/streams@0.2.0</c>; <see langword="null"/> where it is of none.</summary>
    public string? Interface => Callee.Interface;

    /// <summary>The function's name.</summary>
    public string Function => Callee.Name;

    public FuncType Type => Callee.Type;

    /// <summary>Where the caller is among instances inside one another, by instance index: empty for the outermost and for the host, else such as <c>0/2</c>.</summary>
    public string CallerPath { get; }

    /// <summary>For the interceptor's own use, from <see cref="CallInterceptor.OnCall"/> to <see cref="CallInterceptor.OnOutcome"/>.</summary>
    public object? State { get; set; }

    /// <summary>
    /// The arguments, made into trees when first asked for, which must be while <see cref="CallInterceptor.OnCall"/> runs; handles in them are only
    /// looked at.
    /// </summary>
    /// <exception cref="ComponentTrapException">They are no values of their types.</exception>
    /// <exception cref="InvalidOperationException">They are asked for first after <see cref="CallInterceptor.OnCall"/>.</exception>
    public IReadOnlyList<ComponentValue> Arguments => arguments ??=
        (readArguments ?? throw new InvalidOperationException("the arguments must be asked for while OnCall runs"))();

    /// <summary>The result, made into a tree when asked for; <see langword="null"/> where there is none.</summary>
    public ComponentValue? Result => readResult?.Invoke();

    /// <summary>Whether the function's type is a <c>result</c> and what it returned is an error. It builds no tree.</summary>
    public bool IsErrorResult { get; internal set; }

    /// <summary>
    /// The bytes of the arguments as they lie in memory (Canonical ABI, "Alignment and Size"), with what strings and lists have beyond that, as the callee
    /// got them. Known from <see cref="CallInterceptor.OnResult"/> on; 0 where no guest was called.
    /// </summary>
    public long ArgumentBytes { get; internal set; }

    /// <summary>The bytes of the result, likewise as the caller got it. Known in <see cref="CallInterceptor.OnOutcome"/>.</summary>
    public long ResultBytes { get; internal set; }

    /// <summary>Whether values were copied from the memory of one guest to that of another; otherwise all of them went in core values.</summary>
    public bool HasCopied { get; internal set; }

    /// <summary>The same function's call that this one is made in, if any.</summary>
    internal ComponentCall? Outer { get; set; }

    /// <summary>Where it went, if to a guest.</summary>
    internal Runtime.LiftedFunction? Target { get; set; }

    /// <summary>What is to become of the result.</summary>
    internal CallDecision Verdict { get; set; }

    internal void SetResult(Func<ComponentValue?>? read) => readResult = read;

    // They are read off the caller's stack, which goes on from here.
    internal void EndArguments() => readArguments = null;
}
