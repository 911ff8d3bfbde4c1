namespace Chain.PolicyEngine.Policies;

/// <summary>A call as people write it, in tests and on the command line.</summary>
public sealed record GivenCall
{
    /// <summary><c>application/component</c>; <c>outside</c> by default.</summary>
    public string Caller { get; init; } = "outside";

    public string Callee { get; init; } = "test/callee";

    /// <summary><c>interface#function</c>.</summary>
    public string Function { get; init; } = "";

    /// <summary>The tags of the data.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>The components that the chain passed, oldest first, each with the tags of what went into it.</summary>
    public IReadOnlyList<(string Component, IReadOnlyList<string> Tags)> Chain { get; init; } = [];

    public int Depth { get; init; }

    public Decisions.PolicyEvent Event { get; init; }

    public Tracer.Calls.CallOutcome? Outcome { get; init; }

    /// <summary>The tag that is dropped or added.</summary>
    public string Tag { get; init; } = "";

    public IReadOnlyDictionary<string, string> CallerLabels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> CalleeLabels { get; init; } = new Dictionary<string, string>();

    public string CallerDigest { get; init; } = "";

    public string CalleeDigest { get; init; } = "";
}

/// <summary>What a test expects of its policy.</summary>
public enum Expectation
{
    /// <summary>The policy does not match (or its failed condition counts as no match).</summary>
    NoMatch,

    /// <summary>The policy matches: its effect is expected.</summary>
    Match,

    /// <summary>The condition fails to evaluate.</summary>
    Error,
}

/// <summary>A test in a policy's document.</summary>
/// <param name="Name">Its name, or <c>test N</c>.</param>
/// <param name="Given">The call.</param>
/// <param name="Expected">What the policy must do.</param>
/// <param name="Written">The word of <c>expect</c>.</param>
/// <param name="Place">Where it stands.</param>
public sealed record PolicyTest(string Name, GivenCall Given, Expectation Expected, string Written, PolicyPlace Place);
