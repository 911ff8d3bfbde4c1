using Chain.Tracer.Calls;

namespace Chain.PolicyEngine.Decisions;

/// <summary>Who calls which function of whom: what stays the same from call to call of one link.</summary>
/// <remarks>
/// Make one for each function of each link and keep it: what a policy set needs to know of the link is worked out at
/// its first decision and kept here. Thread-safe.
/// </remarks>
public sealed class CallLink
{
    private LinkPlan? _plan;
    private LinkPlan? _previous;

    /// <param name="caller">Who calls.</param>
    /// <param name="callee">Who is called.</param>
    /// <param name="function"><c>interface#function</c>, or a function's name alone.</param>
    public CallLink(CallParty caller, CallParty callee, FunctionRef function)
    {
        Caller = caller;
        Callee = callee;
        FunctionRef = function;
        string name = function.Name ?? "";
        int hash = name.IndexOf('#', StringComparison.Ordinal);
        Interface = hash < 0 ? "" : name[..hash];
        Function = name[(hash + 1)..];
    }

    public CallParty Caller { get; }

    public CallParty Callee { get; }

    public FunctionRef FunctionRef { get; }

    /// <summary>What stands before the <c>#</c>, such as <c>clinic:records/store</c>; empty where there is none.</summary>
    public string Interface { get; }

    /// <summary>What stands after the <c>#</c>.</summary>
    public string Function { get; }

    public override string ToString() => $"{Caller.Name} -> {Callee.Name} {FunctionRef}";

    /// <summary>What this set knows of the link. Two sets can be in use at once (the active one and a candidate) without forgetting.</summary>
    internal LinkPlan PlanFor(PolicySet set)
    {
        LinkPlan? plan = Volatile.Read(ref _plan);
        return plan is not null && ReferenceEquals(plan.Set, set) ? plan : Slow(set);
    }

    private LinkPlan Slow(PolicySet set)
    {
        LinkPlan? previous = Volatile.Read(ref _previous);
        if (previous is not null && ReferenceEquals(previous.Set, set)) return previous;
        LinkPlan plan = set.PlanOf(this);
        Volatile.Write(ref _previous, Volatile.Read(ref _plan));
        Volatile.Write(ref _plan, plan);
        return plan;
    }
}
