using Chain.Wasm.Text;
using Chain.Wasm.Wasi.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting.Http;

/// <summary>Has HTTP requests answered by a component: each by an instance of its own, on a guest's thread. Safe for any thread.</summary>
/// <remarks>
/// What the client gets when the component gives no response: 503 when too many wait, 413 for a body that is too large, 431 for too many headers, 504 past
/// the deadline, 500 when the guest trapped or gave none, 502 when it gave an error. Once the head is out, the connection is broken off instead.
/// </remarks>
/// <param name="pool">Its instances.</param>
/// <param name="threads">Where they run.</param>
/// <param name="options">Limits.</param>
/// <param name="log">Gets a line for each request that failed in the guest.</param>
public sealed partial class HttpBridge(HttpGuestPool pool, GuestThreads threads, HttpHostOptions options, ILogger log)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (context.Request.ContentLength > options.RequestBodyBytes)
        {
            Refuse(context, StatusCodes.Status413PayloadTooLarge);

            // The server ends the connection rather than read such a body; a client that was not told would send its next request there.
            if (HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.Headers.Connection = "close";
            return;
        }

        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        cancellation.CancelAfter(options.Deadline);
        GuestCall call;
        try
        {
            call = new GuestCall(RequestReader.Read(context, cancellation.Token), context.RequestAborted, cancellation.Token);
        }
        catch (FieldsTooLargeException)
        {
            Refuse(context, StatusCodes.Status431RequestHeaderFieldsTooLarge);
            return;
        }

        if (!threads.TryRun(() => call.Run(pool)))
        {
            call.Refuse();
            Refuse(context, StatusCodes.Status503ServiceUnavailable);
            context.Response.Headers.RetryAfter = "1";
            return;
        }

        await RespondAsync(context, call, cancellation.Token).ConfigureAwait(false);

        // Till then the guest has the request's body and its deadline.
        await call.Ended.ConfigureAwait(false);
    }

    private async Task RespondAsync(HttpContext context, GuestCall call, CancellationToken cancellation)
    {
        GuestResponse? answer = null;
        try
        {
            answer = await call.Answer.Response.WaitAsync(cancellation).ConfigureAwait(false);
            await ResponseSender.SendAsync(answer, context, cancellation).ConfigureAwait(false);
            await context.Response.CompleteAsync().ConfigureAwait(false);
            await call.Ended.ConfigureAwait(false);

            // The client has its whole response; that the guest failed after it is told here alone.
            if (call.Failure is { } late && !cancellation.IsCancellationRequested) Log(context, late.Message);
        }
        catch (Exception failure) when (failure is HttpFailureException or OperationCanceledException or IOException or InvalidOperationException)
        {
            answer?.Body?.Abandon(ErrorCode.Of(ErrorKind.ConnectionTerminated));

            // The client is gone: so is the guest, by its cancellation.
            if (context.RequestAborted.IsCancellationRequested) return;
            (int status, string reason) = Judge(call, failure, cancellation.IsCancellationRequested);
            Log(context, reason);
            Refuse(context, status);
        }
    }

    private (int Status, string Reason) Judge(GuestCall call, Exception failure, bool isLate) =>
        isLate ? (StatusCodes.Status504GatewayTimeout, $"no whole response within {options.Deadline.TotalSeconds:0.###} s")
        : call.Failure is { } trap ? (StatusCodes.Status500InternalServerError, trap.Message)
        : failure is HttpFailureException { Code: var code } && code == ResponseOutparam.NoResponse ? (StatusCodes.Status500InternalServerError, "no response was set")
        : (StatusCodes.Status502BadGateway, failure.Message);

    // One line; what a guest or a client says in it moves no cursor.
    private void Log(HttpContext context, string reason) =>
        LogFailure(log, context.Request.Method, TextLiteral.OneLine(RequestReader.Target(context)), TextLiteral.OneLine(reason));

    private static void Refuse(HttpContext context, int status)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        // The headers of a response that could not be sent are not those of this one.
        context.Response.Clear();
        context.Response.StatusCode = status;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Target}: {Reason}")]
    private static partial void LogFailure(ILogger log, string method, string target, string reason);
}
