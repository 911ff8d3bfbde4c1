using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Chain.PolicyEngine.Alerts;

/// <summary>
/// Posts notices as JSON. The header <c>Chain-Signature: t=SECONDS,v1=HEX</c> is an HMAC-SHA256 with the shared secret
/// over <c>SECONDS.BODY</c>; <c>Chain-Notice</c> is the notice's id, the same for every attempt.
/// </summary>
public sealed class WebhookReceiver : IAlertReceiver
{
    public const string SignatureHeader = "Chain-Signature";
    public const string NoticeHeader = "Chain-Notice";

    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly byte[]? _secret;
    private readonly TimeProvider _time;

    /// <param name="name">See <see cref="IAlertReceiver.Name"/>.</param>
    /// <param name="http">The client; its time-out should be longer than <see cref="AlertOptions.SendTimeout"/>.</param>
    /// <param name="url">Where to post.</param>
    /// <param name="secret">The shared secret; null to send unsigned.</param>
    /// <param name="time">The clock of the signature.</param>
    public WebhookReceiver(string name, HttpClient http, Uri url, string? secret, TimeProvider? time = null)
    {
        Name = name;
        _http = http;
        _url = url;
        _secret = secret is null ? null : Encoding.UTF8.GetBytes(secret);
        _time = time ?? TimeProvider.System;
    }

    public string Name { get; }

    public async Task SendAsync(Notice notice, CancellationToken cancellation)
    {
        byte[] body = Encoding.UTF8.GetBytes(AlertJson.Write(notice));
        using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        request.Headers.Add(NoticeHeader, notice.Id);
        if (_secret is not null) request.Headers.Add(SignatureHeader, Sign(_secret, _time.GetUtcNow().ToUnixTimeSeconds(), body));
        await HttpDelivery.SendAsync(_http, request, cancellation);
    }

    /// <summary>Whether a signature is right for a body, for receivers written in .NET.</summary>
    /// <param name="signature">The header's value.</param>
    /// <param name="body">The body as it came.</param>
    /// <param name="secret">The shared secret.</param>
    /// <param name="now">The receiver's clock.</param>
    /// <param name="tolerance">How old a signature may be.</param>
    public static bool IsSigned(string signature, ReadOnlySpan<byte> body, string secret, DateTimeOffset now, TimeSpan tolerance)
    {
        string? seconds = signature.Split(',').FirstOrDefault(p => p.StartsWith("t=", StringComparison.Ordinal))?[2..];
        if (!long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out long at)) return false;
        if ((now - DateTimeOffset.FromUnixTimeSeconds(at)).Duration() > tolerance) return false;
        byte[] expected = Encoding.ASCII.GetBytes(Sign(Encoding.UTF8.GetBytes(secret), at, body));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.ASCII.GetBytes(signature));
    }

    private static string Sign(byte[] secret, long seconds, ReadOnlySpan<byte> body)
    {
        string at = seconds.ToString(CultureInfo.InvariantCulture);
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hash.AppendData(Encoding.ASCII.GetBytes(at + "."));
        hash.AppendData(body);
        return $"t={at},v1={Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
