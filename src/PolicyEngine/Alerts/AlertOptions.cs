namespace Chain.PolicyEngine.Alerts;

/// <summary>How violations become notices.</summary>
public sealed record AlertOptions
{
    /// <summary>The labels whose values make a group: alerts of one group go out together. Default policy and callee.</summary>
    public IReadOnlyList<string> GroupBy { get; init; } = ["policy", "callee"];

    /// <summary>How long a new group waits for company before its first notice. Default 50 ms.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The least time between two notices of a group that has something new to say. Default 5 minutes.</summary>
    public TimeSpan Repeat { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A group without violations for this long is resolved. Default 15 minutes.</summary>
    public TimeSpan ResolveAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long one attempt to deliver may take. Default 10 s.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait after the first failed attempt; it doubles with each further one. Default 500 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait between attempts. Default 1 minute.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A notice that could not be delivered for this long is given up, which <c>chain alerts</c> shows. Default 7 days.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How many violations may wait to be stored; more are dropped and counted. Default 65,536.</summary>
    public int QueueLength { get; init; } = 65_536;

    /// <summary>Who is told. Each gets every notice.</summary>
    public IReadOnlyList<IAlertReceiver> Receivers { get; init; } = [];
}
