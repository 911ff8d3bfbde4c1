namespace Chain.Silo.Calls.Remote;

/// <summary>Instances of a component as silos speak of them.</summary>
/// <param name="Application">The application's name.</param>
/// <param name="Component">The component's name within it.</param>
/// <param name="Key">Which instance of a stateful component; empty where it has one only, and for others.</param>
/// <param name="IsStateful">Whether there is exactly one such instance in the cluster.</param>
public sealed record RemoteTarget(string Application, string Component, string Key, bool IsStateful)
{
    /// <summary><c>application/component</c>, and after another slash the key, if there is one.</summary>
    public string Name { get; } = Key.Length == 0 ? $"{Application}/{Component}" : $"{Application}/{Component}/{Key}";
}

/// <summary>The way to a component whose instances may be on other silos. Immutable; safe for any thread.</summary>
/// <param name="Caller">What makes the calls.</param>
/// <param name="Application">The application's name.</param>
/// <param name="Version">The version of the application that the caller belongs to, and that is to answer.</param>
/// <param name="Component">The callee's name within it.</param>
/// <param name="IsStateful">Whether the callee has one instance in the cluster (for each key).</param>
/// <param name="IsIdempotent">Whether a call that may have run may be made again.</param>
/// <param name="IsHere">Whether this silo's own instances answer.</param>
public sealed record RemoteRoute(
    RemoteCaller Caller, string Application, int Version, string Component, bool IsStateful, bool IsIdempotent, bool IsHere)
{
    private readonly RemoteTarget keyless = new(Application, Component, "", IsStateful);

    /// <summary>One of the callee's instances.</summary>
    /// <param name="key">Which; empty where it has one only, and for those of which any will do.</param>
    public RemoteTarget TargetOf(string key) => key.Length == 0 ? keyless : new RemoteTarget(Application, Component, key, IsStateful);
}
