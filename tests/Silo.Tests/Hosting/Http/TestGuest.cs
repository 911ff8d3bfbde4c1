using System.Text;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Io;

namespace Chain.Silo.Tests.Hosting.Http;

/// <summary>A guest written here, which uses the resources that a component gets; so that each way to answer can be had.</summary>
internal sealed class TestGuest(Action<IncomingRequest, ResponseOutparam, CancellationToken> handle, GuestCounts counts) : IHttpGuest
{
    public void Handle(IncomingRequest request, ResponseOutparam response, CancellationToken client, CancellationToken cancellation)
    {
        Interlocked.Increment(ref counts.Handled);
        if (Thread.CurrentThread.IsThreadPoolThread) throw new InvalidOperationException("a guest runs on a thread of the pool");
        handle(request, response, cancellation);
    }

    public void Reset() => Interlocked.Increment(ref counts.Reset);

    public void Dispose() => Interlocked.Increment(ref counts.Disposed);

    private static ErrorCode? ErrorOf(IoError error) => ((Func<IoError, ErrorCode?>)HttpInterfaces.Types.Functions["http-error-code"])(error);

    /// <summary>Sets an answer and gives its body.</summary>
    public static OutgoingBody Begin(ResponseOutparam response, ushort status = 200, params (string Name, string Value)[] headers)
    {
        var answer = new OutgoingResponse(Fields.FromList(Array.ConvertAll(headers, header => (header.Name, Encoding.Latin1.GetBytes(header.Value)))).Value);
        answer.SetStatusCode(status);
        OutgoingBody body = answer.Body().Value;
        response.Set(answer);
        return body;
    }

    /// <summary>Answers with a text.</summary>
    public static void Answer(ResponseOutparam response, string text, ushort status = 200, params (string Name, string Value)[] headers)
    {
        OutgoingBody body = Begin(response, status, headers);
        using (OutputStream stream = body.Write().Value) stream.BlockingWriteAndFlush(Encoding.Latin1.GetBytes(text));
        body.Finish(null);
    }

    /// <summary>Reads a request's body to its end.</summary>
    public static (string Text, Fields? Trailers, ErrorCode? Error) ReadBody(IncomingRequest request, CancellationToken cancellation)
    {
        IncomingBody body = request.Consume().Value;
        var text = new StringBuilder();
        ErrorCode? error = null;
        using (InputStream stream = body.TakeStream().Value)
        {
            while (stream.BlockingRead(65536, cancellation) is var read)
            {
                if (read.IsError)
                {
                    error = read.Error.Error is { } failure ? ErrorOf(failure) : null;
                    break;
                }

                text.Append(Encoding.Latin1.GetString(read.Value));
            }
        }

        using FutureTrailers trailers = body.Finish();
        trailers.Subscribe().Block(cancellation);
        return (text.ToString(), trailers.Get()!.Value.Value is { IsError: false } last ? last.Value : null, error);
    }
}

/// <summary>What became of a server's guests.</summary>
internal sealed class GuestCounts
{
    public int Created;
    public int Handled;
    public int Reset;
    public int Disposed;
}
