using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Http;

/// <summary>An instance of a component that answers HTTP requests, one at a time and always on one of the <see cref="GuestThreads"/>.</summary>
public interface IHttpGuest : IDisposable
{
    /// <summary>Calls <c>wasi:http/incoming-handler</c>; the answer is in <paramref name="response"/> before or after it returns.</summary>
    /// <param name="request">The guest's from here on.</param>
    /// <param name="response">The guest's from here on.</param>
    /// <param name="client">Cancelled when the client gives up.</param>
    /// <param name="cancellation">Ends the guest: then, and at its deadline.</param>
    /// <exception cref="Chain.Wasm.WasmException">The guest trapped, or was ended; it answers no more.</exception>
    void Handle(IncomingRequest request, ResponseOutparam response, CancellationToken client, CancellationToken cancellation);

    /// <summary>Puts the instance back to how it began, so that nothing of a request is left for the next.</summary>
    /// <exception cref="Chain.Wasm.WasmException">It could not be; it answers no more.</exception>
    void Reset();
}
