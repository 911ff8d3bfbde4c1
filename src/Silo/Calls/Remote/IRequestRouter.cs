namespace Chain.Silo.Calls.Remote;

/// <summary>Finds the silo that answers HTTP requests to a component that the silo which they reached may not answer. Safe for any thread.</summary>
public interface IRequestRouter
{
    /// <summary>The silo that answers now. For a stateful component that is where its instance is, which begins to be there if it was nowhere.</summary>
    /// <param name="target">The component; its key is empty.</param>
    /// <param name="labels">What the silo must have.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="NotStartedException">There is none for now; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    Task<RequestPlace> FindAsync(RemoteTarget target, IReadOnlyDictionary<string, string> labels, CancellationToken cancellation);
}

/// <summary>Where a silo takes HTTP requests that other silos forward to it.</summary>
/// <param name="Silo">What the record calls it.</param>
/// <param name="Url">Such as <c>http://10.0.0.7:40001</c>.</param>
/// <param name="Secret">What a request shows there, to be taken for one of a silo; new whenever the silo starts, and known to silos only.</param>
public sealed record RequestPlace(string Silo, string Url, string Secret)
{
    /// <summary>Without the secret: it must not end up in a log.</summary>
    public override string ToString() => $"{Silo} ({Url})";
}
