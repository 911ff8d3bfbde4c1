namespace Chain.PolicyEngine.Alerts;

/// <summary>One attempt over HTTP: taken is any status of 200…299.</summary>
internal static class HttpDelivery
{
    private const int MaxShownBody = 200;

    public static async Task SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.IsSuccessStatusCode) return;
            string body = await ReadStartAsync(response, cancellation);
            throw new AlertDeliveryException($"{request.RequestUri}: {(int)response.StatusCode} {response.ReasonPhrase}{(body.Length == 0 ? "" : $": {body}")}");
        }
        catch (HttpRequestException e)
        {
            throw new AlertDeliveryException($"{request.RequestUri}: {e.Message}", e);
        }
        catch (OperationCanceledException e)
        {
            throw new AlertDeliveryException($"{request.RequestUri}: no answer in time", e);
        }
    }

    private static async Task<string> ReadStartAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[MaxShownBody];
        int length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, length).ReplaceLineEndings(" ").Trim();
    }
}
