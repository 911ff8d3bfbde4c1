using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Http;

/// <summary>One request in a guest: run on a guest's thread, watched from the thread pool.</summary>
/// <param name="request">The guest's.</param>
/// <param name="client">Cancelled when the client gives up.</param>
/// <param name="cancellation">Ends the guest: then, and at its deadline.</param>
internal sealed class GuestCall(IncomingRequest request, CancellationToken client, CancellationToken cancellation)
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Exception? failure;

    /// <summary>Where the guest puts its answer. It has failed, at the latest, when the guest ended.</summary>
    public ResponseOutparam Answer { get; } = new(request.Method);

    /// <summary>Why the guest ended before its end, such as a trap. Set before <see cref="Answer"/>, or the body of it, fails for that reason.</summary>
    public Exception? Failure => failure;

    /// <summary>Ends when the guest uses nothing of the request any more; never fails.</summary>
    public Task Ended => ended.Task;

    /// <summary>Runs it. Never throws.</summary>
    public void Run(HttpGuestPool pool)
    {
        IHttpGuest? guest = null;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            guest = pool.Take(cancellation);
            guest.Handle(request, Answer, client, cancellation);
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        // What the guest left open nobody will write any more.
        Answer.Dispose();
        if (Answer.Response is { IsCompletedSuccessfully: true, Result.Body: { } body }) body.Dispose();
        request.Dispose();
        ended.SetResult();

        // After a failure the instance is as the failure left it.
        if (guest is null) return;
        if (failure is null) pool.Return(guest);
        else guest.Dispose();
    }

    /// <summary>It will not run.</summary>
    public void Refuse() => request.Dispose();
}
