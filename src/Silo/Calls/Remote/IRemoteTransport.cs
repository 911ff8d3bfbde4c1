using Chain.Wasm;

namespace Chain.Silo.Calls.Remote;

/// <summary>Carries calls to the silo that answers for a component. Safe for any thread.</summary>
public interface IRemoteTransport
{
    /// <summary>Sends one attempt and waits for its reply.</summary>
    /// <param name="target">Whose instance is wanted.</param>
    /// <param name="request">The attempt.</param>
    /// <param name="cancellation">Gives up; the silo that runs it is told.</param>
    /// <exception cref="NotStartedException">It surely never reached its callee.</exception>
    /// <exception cref="CallLostException">It was sent, and what became of it cannot be known.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    Task<RemoteReply> SendAsync(RemoteTarget target, RemoteRequest request, CancellationToken cancellation);
}

/// <summary>A call did not start: it may be made again.</summary>
public sealed class NotStartedException(string message, Exception? inner = null) : WasmException(message, inner: inner);

/// <summary>A call was under way on a silo that went away, or whose reply was lost: it may have run, wholly or in part.</summary>
public sealed class CallLostException(string message, Exception? inner = null) : WasmException(message, inner: inner);
