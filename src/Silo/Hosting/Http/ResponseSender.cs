using System.Text;
using Chain.Wasm.Wasi.Http;
using Microsoft.AspNetCore.Http;

namespace Chain.Silo.Hosting.Http;

/// <summary>Sends a guest's answer as the guest writes it.</summary>
internal static class ResponseSender
{
    private const int BufferBytes = 16 * 1024;

    /// <exception cref="HttpFailureException">The guest gave up, or wrote another number of bytes than it promised: the response is not whole.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task SendAsync(GuestResponse answer, HttpContext context, CancellationToken cancellation)
    {
        HttpResponse response = context.Response;
        response.StatusCode = answer.Status;
        foreach ((string name, byte[] value) in answer.Headers.Entries())
        {
            // Kestrel adds no length to a status that must have none, but takes one.
            if (answer.Status == StatusCodes.Status204NoContent && name.Equals("content-length", StringComparison.OrdinalIgnoreCase)) continue;
            response.Headers.Append(name, Encoding.Latin1.GetString(value));
        }

        if (answer.Body is not { } body) return;
        bool hasBody = !HttpMethods.IsHead(context.Request.Method) && answer.Status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified);
        await SendBodyAsync(body, response, hasBody, cancellation).ConfigureAwait(false);
        if (await body.End.WaitAsync(cancellation).ConfigureAwait(false) is { } trailers && response.SupportsTrailers())
        {
            foreach ((string name, byte[] value) in trailers.Entries()) response.AppendTrailer(name, Encoding.Latin1.GetString(value));
        }
    }

    private static async Task SendBodyAsync(OutgoingBody body, HttpResponse response, bool hasBody, CancellationToken cancellation)
    {
        // Not from the pool: when sending fails, a read that is under way still has it.
        byte[] buffer = new byte[BufferBytes];
        while (true)
        {
            ValueTask<int> read = body.ReadAsync(buffer, cancellation);

            // What is there goes out before the guest is waited for: the head at once, and then each part of the body.
            if (!read.IsCompleted) await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
            int count = await read.ConfigureAwait(false);
            if (count == 0) return;
            if (hasBody) await response.Body.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
        }
    }
}
