using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>When a policy is asked.</summary>
[Flags]
public enum PolicyEvent : byte
{
    None = 0,

    /// <summary>Before the callee runs; the data are the arguments.</summary>
    Call = 1,

    /// <summary>Before the caller gets the result; the data are the result.</summary>
    Result = 2,

    /// <summary>A declassifier is about to drop a secrecy tag.</summary>
    Declassify = 4,

    /// <summary>An endorser is about to add an integrity tag.</summary>
    Endorse = 8,
}

/// <summary>One component that the chain passed.</summary>
/// <param name="Component">The component that was called.</param>
/// <param name="Label">The label of the data that went into it.</param>
public readonly record struct ChainStep(CallParty Component, LabelId Label);

/// <summary>What a decision is about. A value that is passed by reference; making one allocates nothing.</summary>
public readonly struct CallFacts
{
    /// <summary>Who calls what.</summary>
    public required CallLink Link { get; init; }

    /// <summary>When the policies are asked; one event.</summary>
    public PolicyEvent Event { get; init; } = PolicyEvent.Call;

    /// <summary>The label of the arguments (of the result, for <see cref="PolicyEvent.Result"/>), interned in the policy set's label store.</summary>
    public LabelId Data { get; init; }

    /// <summary>The chain.</summary>
    public TraceId Trace { get; init; }

    /// <summary>The call.</summary>
    public CallId Call { get; init; }

    /// <summary>How many calls of the chain are around this one: 0 for the outermost.</summary>
    public int Depth { get; init; }

    /// <summary>How the call ended, where it has: only for <see cref="PolicyEvent.Result"/>.</summary>
    public CallOutcome? Outcome { get; init; }

    /// <summary>
    /// The components that were called in this chain so far, oldest first, whether they have returned or not: before
    /// this call for <see cref="PolicyEvent.Call"/>, with this call and all that it called for
    /// <see cref="PolicyEvent.Result"/>. The memory must not change while a decision is made; an array that only grows at its end is fine.
    /// </summary>
    public ReadOnlyMemory<ChainStep> Passed { get; init; }

    /// <summary>The tag that is dropped or added; only for <see cref="PolicyEvent.Declassify"/> and <see cref="PolicyEvent.Endorse"/>.</summary>
    public Tag Changed { get; init; }

    public CallFacts()
    {
    }
}
