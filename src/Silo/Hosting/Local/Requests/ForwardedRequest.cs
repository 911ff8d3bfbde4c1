using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>What a silo says of a request that it forwards: all that the other one cannot see by the request itself.</summary>
/// <param name="Id">Told by it in a refusal, so that no component can pass its answer off as one.</param>
/// <param name="Silo">Who forwards it.</param>
/// <param name="Application">Whose component is to answer.</param>
/// <param name="Version">The version that the silo which forwards it has picked.</param>
/// <param name="Component">The component.</param>
/// <param name="Export">The name of its <c>wasi:http/incoming-handler</c>.</param>
/// <param name="Target">The request's target as the client sent it, byte for byte.</param>
/// <param name="Left">What is left until the chain's deadline, in milliseconds.</param>
internal sealed record ForwardedRequest(
    string Id, string Silo, string Application, int Version, string Component, string Export, string Target, long Left)
{
    /// <summary>Who forwards it is one who knows this silo's secret.</summary>
    public const string SecretHeader = "chain-silo-secret";

    /// <summary>The request's record, JSON in base64url.</summary>
    public const string Header = "chain-silo-request";

    /// <summary>In a response: the request did not reach the component. The request's id, and after a blank why, percent-encoded.</summary>
    public const string RefusalHeader = "chain-silo-refusal";

    private const int MostReason = 500;

    public static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    public string ToHeader() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this, ForwardedRequestJson.Default.ForwardedRequest));

    /// <summary>Takes it out of a request's headers, which are the component's from then on.</summary>
    /// <returns><see langword="null"/> where it is not there or cannot be read.</returns>
    public static ForwardedRequest? TakeFrom(IHeaderDictionary headers)
    {
        string text = headers[Header].ToString();
        headers.Remove(Header);
        headers.Remove(SecretHeader);
        try
        {
            return text.Length == 0 ? null : JsonSerializer.Deserialize(Base64Url.DecodeFromChars(text), ForwardedRequestJson.Default.ForwardedRequest);
        }
        catch (Exception failure) when (failure is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether a request shows a secret; how long that takes says nothing of how much of it is right.</summary>
    public static bool Shows(IHeaderDictionary headers, string secret) =>
        CryptographicOperations.FixedTimeEquals(Encoding.Latin1.GetBytes(headers[SecretHeader].ToString()), Encoding.Latin1.GetBytes(secret));

    public string RefusalOf(string reason) => $"{Id} {Uri.EscapeDataString(reason.Length <= MostReason ? reason : reason[..MostReason])}";

    /// <summary>Why the other silo refused the request.</summary>
    /// <param name="value">The response's <see cref="RefusalHeader"/>.</param>
    /// <returns><see langword="null"/> where it did not: it is the component's answer.</returns>
    public string? ReasonIn(string value) =>
        value.Length > Id.Length && value.StartsWith(Id, StringComparison.Ordinal) ? Uri.UnescapeDataString(value[(Id.Length + 1)..]) : null;
}

[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ForwardedRequest))]
internal sealed partial class ForwardedRequestJson : JsonSerializerContext;
