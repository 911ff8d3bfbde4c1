using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Http;
using Chain.Tracer.Calls;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Polly;
using Polly.Retry;
using Yarp.ReverseProxy.Forwarder;
using CallOutcome = Chain.Tracer.Calls.CallOutcome;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>
/// Has requests answered by the silo that may answer them: their values cannot be sent as a call's can, so the whole request goes there, and its response
/// comes back, both as streams. Safe for any thread.
/// </summary>
/// <remarks>
/// The silo that answers begins the chain, labels, decides and records, as if the client had come to it. Here only what did not come to pass is recorded.
/// What the client gets then: 503 when no silo could answer, 502 when the one that may have answered went away, 504 past the deadline.
/// </remarks>
internal sealed partial class RequestForwarder : IDisposable
{
    private const int MostAttempts = 30;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // A silo that was killed is found out, and its instances are elsewhere, within a few seconds; a client should not wait for more.
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(5);
    private static readonly ResiliencePipeline Attempts = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is RepeatableException),
            MaxRetryAttempts = MostAttempts - 1,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstPause,
            MaxDelay = LongestPause,
        }).Build();

    private readonly IHttpForwarder forwarder;
    private readonly HttpMessageInvoker client;
    private readonly ChainGateway gateway;
    private readonly NodeServices services;
    private readonly RequestAnswers answers;
    private readonly string silo;
    private readonly ILogger log;
    private int underWay;

    /// <param name="forwarder">Carries requests.</param>
    /// <param name="gateway">Records what did not come to pass.</param>
    /// <param name="services">What the node has.</param>
    /// <param name="answers">What answers where this silo itself turns out to be the one.</param>
    /// <param name="silo">This silo's name.</param>
    /// <param name="log">Gets a line for each request that nobody answered.</param>
    public RequestForwarder(
        IHttpForwarder forwarder, ChainGateway gateway, NodeServices services, RequestAnswers answers, string silo, ILogger log)
    {
        this.forwarder = forwarder;
        this.gateway = gateway;
        this.services = services;
        this.answers = answers;
        this.silo = silo;
        this.log = log;

        // Nothing of the request and the response is this client's affair.
        client = new HttpMessageInvoker(new PromptHandler(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = LongestConnect,
            EnableMultipleHttp2Connections = true,

            // A silo that hangs, or whose machine is gone, is not waited for until the deadline.
            KeepAlivePingDelay = LongestSilence,
            KeepAlivePingTimeout = LongestSilence,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        }));
    }

    /// <summary>Answers a request by whichever silo may.</summary>
    /// <param name="context">The request, to a component that this silo does not answer for by itself.</param>
    /// <param name="application">The version of the application that the request began with; it is held.</param>
    /// <param name="exposure">The component.</param>
    public async Task HandleAsync(HttpContext context, DeployedApplication application, Exposure exposure)
    {
        if (Interlocked.Increment(ref underWay) > services.MostSent)
        {
            Interlocked.Decrement(ref underWay);
            Refuse(context, StatusCodes.Status503ServiceUnavailable);
            return;
        }

        DeployedComponent component = application.Components[exposure.Component];
        TimeSpan time = component.Plan.Limits.Deadline;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        ends.CancelAfter(time);
        using var search = CancellationTokenSource.CreateLinkedTokenSource(ends.Token);
        search.CancelAfter(time / 2 < LongestSearch ? time / 2 : LongestSearch);
        var request = new Forwarded(context, application, component, exposure, Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency), ends.Token, search.Token);
        try
        {
            await Attempts.ExecuteAsync(
                static (both, _) => both.Forwarder.AttemptAsync(both.Request), (Forwarder: this, Request: request), search.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NotStartedException or RepeatableException or CallLostException or CallRefusedException or OperationCanceledException)
        {
            Fail(request, failure);
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
    }

    public void Dispose() => client.Dispose();

    private async ValueTask AttemptAsync(Forwarded request)
    {
        request.Attempt++;
        request.Silo = "";
        try
        {
            RequestPlace place = await FindAsync(request).ConfigureAwait(false);
            request.Silo = place.Silo;
            if (place.Silo == silo) await AnswerHereAsync(request).ConfigureAwait(false);
            else await SendAsync(request, place).ConfigureAwait(false);
        }
        catch (NotStartedException failure)
        {
            request.Reason = failure.Message;
            Record(request, CallOutcome.NotStarted, failure.Message);
            if (request.CanRepeat) throw new RepeatableException(failure);
            throw;
        }
        catch (CallLostException failure)
        {
            request.Reason = failure.Message;
            Record(request, CallOutcome.Lost, failure.Message);
            if (request.CanRepeat && request.Component.Plan.Idempotent.Covers(request.Exposure.Export, "handle")) throw new RepeatableException(failure);
            throw;
        }
    }

    private async Task<RequestPlace> FindAsync(Forwarded request)
    {
        try
        {
            return await services.Router!.FindAsync(request.Target, request.Component.Plan.Placement, request.Search).WaitAsync(request.Search).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!request.Context.RequestAborted.IsCancellationRequested)
        {
            throw new NotStartedException($"{request.Target.Name}: its silo was not found in time");
        }
    }

    private async Task AnswerHereAsync(Forwarded request)
    {
        StatefulSlot? slot = null;
        if (request.Target.IsStateful && !services.Slots.TryGetValue(request.Target.Name, out slot)) throw new NotStartedException($"{request.Target.Name}: its instance moves");
        string? reason = await answers.AnswerAsync(request.Context, request.Component, request.Exposure, slot, services.Threads, request.Left).ConfigureAwait(false);
        if (reason is not null) throw new NotStartedException($"{request.Target.Name}: {reason}");
    }

    private async Task SendAsync(Forwarded request, RequestPlace place)
    {
        HttpContext context = request.Context;
        var said = new ForwardedRequest(
            ForwardedRequest.NewId(), silo, request.Application.Plan.Name, request.Application.Version, request.Component.Plan.Name, request.Exposure.Export,
            RequestReader.Target(context), (long)request.Left.TotalMilliseconds);
        var letter = new RequestLetter(said, place.Secret);
        var config = new ForwarderRequestConfig
        {
            // A response may begin, and go on, before the request has ended: HTTP/1.1's client waits for the one before it looks at the other.
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = request.Left + LongestConnect,
        };

        // Components cannot change protocols: it is a request like others.
        context.Request.Headers.Remove(HeaderNames.Upgrade);
        ForwarderError error = await forwarder.SendAsync(context, place.Url, client, config, letter, request.Ends).ConfigureAwait(false);
        Exception? failure = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        context.Features.Set<IForwarderErrorFeature>(null);
        request.HasSent |= letter.Refusal is null && !IsConnecting(failure);
        if (letter.Refusal is { } refusal)
        {
            request.HasSpentBody = request.HasBody;
            context.Response.Clear();
            throw new NotStartedException($"{request.Target.Name} on silo {place.Silo}: {refusal}");
        }

        // What has begun to come back was broken off where it could not be whole.
        if (error == ForwarderError.None || letter.HasAnswer || context.Response.HasStarted) return;

        // The client's own fault: its answer is there.
        if (error is ForwarderError.RequestBodyClient or ForwarderError.RequestCreation) return;
        context.Response.Clear();
        if (IsConnecting(failure)) throw new NotStartedException($"{request.Target.Name}: silo {place.Silo} ({place.Url}) is not to be reached", failure);
        request.Ends.ThrowIfCancellationRequested();
        request.HasSpentBody = request.HasBody;
        throw new CallLostException($"{request.Target.Name}: silo {place.Silo} went away while it may have been answering", failure);
    }

    private void Fail(Forwarded request, Exception failure)
    {
        HttpContext context = request.Context;

        // Whoever began to answer has recorded it.
        if (context.RequestAborted.IsCancellationRequested)
        {
            if (!request.HasSent) Record(request, CallOutcome.Cancelled, request.Reason ?? "the client gave up");
            return;
        }

        int status = failure switch
        {
            CallRefusedException => ResponseGate.Forbidden,
            CallLostException or RepeatableException { InnerException: CallLostException } => StatusCodes.Status502BadGateway,
            _ when request.Ends.IsCancellationRequested => StatusCodes.Status504GatewayTimeout,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        if (status != ResponseGate.Forbidden)
        {
            string reason = request.Reason ?? "nobody answered in time";
            LogFailure(log, context.Request.Method, TextLiteral.OneLine(RequestReader.Target(context)), TextLiteral.OneLine(reason));
        }

        Refuse(context, status);
    }

    /// <summary>Records an attempt that no silo has recorded.</summary>
    /// <exception cref="CallRefusedException">Policies say that nobody may answer it.</exception>
    private void Record(Forwarded request, CallOutcome outcome, string why)
    {
        var values = new RequestValues(request.Context);
        CallRoute route = request.Component.HttpEntryOf(request.Exposure.Export, services);
        string host = outcome == CallOutcome.Lost ? request.Silo : "";
        if (gateway.RecordUnanswered(request.Component, route, services.Extract(values), values, outcome, why, request.Attempt, host) is { } denial)
            throw new CallRefusedException(denial);
    }

    private static bool IsConnecting(Exception? failure) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } => true,
        OperationCanceledException { InnerException: TimeoutException } late => late.InnerException!.Message.Contains("ConnectTimeout", StringComparison.Ordinal),
        _ => false,
    };

    private static void Refuse(HttpContext context, int status)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = status;
        string? line = status switch
        {
            StatusCodes.Status503ServiceUnavailable => "no silo can answer this now; try again\n",
            StatusCodes.Status502BadGateway => "the silo that was to answer this went away\n",
            _ => null,
        };
        if (status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "1";
        if (line is null) return;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = line.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) context.Response.BodyWriter.Write(Encoding.ASCII.GetBytes(line));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Target}: {Reason}")]
    private static partial void LogFailure(ILogger log, string method, string target, string reason);

    /// <summary>A request on its way, with what all attempts share.</summary>
    private sealed class Forwarded(
        HttpContext context, DeployedApplication application, DeployedComponent component, Exposure exposure, long end, CancellationToken ends, CancellationToken search)
    {
        public HttpContext Context => context;

        public DeployedApplication Application => application;

        public DeployedComponent Component => component;

        public Exposure Exposure => exposure;

        /// <summary>The deadline, or the client's end.</summary>
        public CancellationToken Ends => ends;

        /// <summary>When no silo is looked for any more.</summary>
        public CancellationToken Search => search;

        public RemoteTarget Target { get; } = new(application.Plan.Name, component.Plan.Name, "", component.Plan.Instances == InstanceMode.Stateful);

        public TimeSpan Left => TimeSpan.FromSeconds(Math.Max(0, end - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency);

        public bool HasBody => context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };

        public int Attempt { get; set; }

        /// <summary>To whom this attempt went; empty for nobody.</summary>
        public string Silo { get; set; } = "";

        /// <summary>Whether a silo may have begun to answer.</summary>
        public bool HasSent { get; set; }

        /// <summary>Whether some of the body is gone.</summary>
        public bool HasSpentBody { get; set; }

        public bool CanRepeat => !HasSpentBody && !context.Response.HasStarted;

        /// <summary>Why the last attempt failed.</summary>
        public string? Reason { get; set; }
    }

    /// <summary>An attempt failed, and another one may be made.</summary>
    private sealed class RepeatableException(Exception why) : Exception(why.Message, why);
}
