using System.Diagnostics;

namespace Chain.Cli.Bench;

/// <summary>How many requests at a time were answered how fast.</summary>
/// <param name="Milliseconds">Of each request that was answered as it should be, from the request to the end of its answer.</param>
/// <param name="Errors">What was wrong with the others, with how often.</param>
/// <param name="Elapsed">For all of them.</param>
internal sealed record HttpLoadResult(double[] Milliseconds, IReadOnlyDictionary<string, int> Errors, TimeSpan Elapsed)
{
    public int Count => Milliseconds.Length + Errors.Values.Sum();

    public double RequestsPerSecond => Milliseconds.Length / Elapsed.TotalSeconds;

    /// <summary>The time within which a share of the requests were answered.</summary>
    /// <param name="share">Such as 0.99.</param>
    public double Percentile(double share)
    {
        double[] sorted = [.. Milliseconds];
        Array.Sort(sorted);
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}

/// <summary>Sends GET requests to a server, a number of them at a time, each to a path of its own.</summary>
/// <param name="baseUrl">The server's.</param>
/// <param name="check">Says what is wrong with the body of an answer to a path, if anything.</param>
internal sealed class HttpLoad(string baseUrl, Func<string, string, string?> check)
{
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<HttpLoadResult> RunAsync(int requests, int atATime, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false };
        using var client = new HttpClient(handler) { BaseAddress = new Uri(baseUrl), Timeout = TimeSpan.FromMinutes(2) };
        var times = new List<double>(requests);
        var errors = new Dictionary<string, int>();
        int next = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, atATime).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= requests)
            {
                long start = Stopwatch.GetTimestamp();
                string? error = await SendAsync(client, $"/request/{number}", cancellation);
                double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                lock (times)
                {
                    if (error is null) times.Add(time);
                    else errors[error] = errors.GetValueOrDefault(error) + 1;
                }
            }
        }));
        return new HttpLoadResult([.. times], errors, clock.Elapsed);
    }

    private async Task<string?> SendAsync(HttpClient client, string path, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(path, cancellation);
            string body = await response.Content.ReadAsStringAsync(cancellation);
            return response.IsSuccessStatusCode ? check(path, body) : $"status {(int)response.StatusCode}";
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return failure.Message;
        }
    }
}
