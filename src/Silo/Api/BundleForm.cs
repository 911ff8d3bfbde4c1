using System.Text;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Chain.Silo.Api;

/// <summary>The parts of a deployment.</summary>
/// <param name="Manifest">The text of <c>chain.yaml</c>.</param>
/// <param name="Component">Components; each file name is the component's name.</param>
/// <param name="Policy">Files of policies, named as the manifest sees them.</param>
/// <param name="Alerts">How alerts are grouped and who is told.</param>
/// <param name="Folder">The absolute folder to which directories of the host are relative.</param>
/// <param name="Author">Who deploys it.</param>
public sealed record DeployForm(IFormFile Manifest, IFormFileCollection Component, IFormFileCollection? Policy, IFormFile? Alerts, string? Folder, string? Author);

/// <summary>A bundle as a form (RFC 7578): the client reads the files, so that the node need not see them.</summary>
public static class BundleForm
{
    private const string Manifest = "manifest", Component = "component", Policy = "policy", Alerts = "alerts", Folder = "folder", Author = "author";
    private const int MaxTextBytes = 16_000_000;
    private const int MaxFieldBytes = 8192;
    private const int MaxParts = 2010;

    /// <summary>Makes the form.</summary>
    public static MultipartFormDataContent Create(ApplicationBundle bundle, string author)
    {
        var form = new MultipartFormDataContent
        {
            { new StringContent(author), Author },
            { new StringContent(bundle.Folder), Folder },
        };
        Add(form, Manifest, bundle.Manifest);
        foreach ((string name, ReadOnlyMemory<byte> bytes) in bundle.Components) form.Add(new ReadOnlyMemoryContent(bytes), Component, name);
        foreach (PolicyFile policy in bundle.Policies) Add(form, Policy, policy);
        if (bundle.Alerts is { } alerts) Add(form, Alerts, alerts);
        return form;
    }

    /// <summary>Reads the form.</summary>
    /// <exception cref="InvalidDataException">It is none, or a part is missing, unknown, there twice or too large.</exception>
    internal static async Task<(ApplicationBundle Bundle, string? Author)> ReadAsync(HttpRequest request, long mostBytes, CancellationToken cancellation)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) || type.MediaType != "multipart/form-data"
            || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 and <= 200 } boundary)
            throw new BadHttpRequestException($"expected multipart/form-data, found '{request.ContentType}'", StatusCodes.Status415UnsupportedMediaType);
        var reader = new MultipartReader(boundary.ToString(), request.Body) { BodyLengthLimit = mostBytes };
        var read = new Parts();
        int count = 0;
        while (await reader.ReadNextSectionAsync(cancellation).ConfigureAwait(false) is { } section)
        {
            if (++count > MaxParts) throw new InvalidDataException($"a deployment has at most {MaxParts} parts");
            await read.TakeAsync(section, mostBytes, cancellation).ConfigureAwait(false);
        }

        return (read.Bundle(), read.Author);
    }

    private static void Add(MultipartFormDataContent form, string part, PolicyFile file) =>
        form.Add(new ByteArrayContent(Encoding.UTF8.GetBytes(file.Text)), part, file.Name);

    private sealed class Parts
    {
        private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

        private readonly Dictionary<string, ReadOnlyMemory<byte>> components = new(StringComparer.Ordinal);
        private readonly List<PolicyFile> policies = [];
        private PolicyFile? manifest;
        private PolicyFile? alerts;
        private string? folder;

        public string? Author { get; private set; }

        public ApplicationBundle Bundle() => new()
        {
            Manifest = manifest ?? throw new InvalidDataException($"the part '{Manifest}' is missing: the text of {ApplicationCheck.DefaultFile}"),
            Folder = folder ?? "",
            Components = components,
            Policies = policies,
            Alerts = alerts,
        };

        public async Task TakeAsync(MultipartSection section, long mostBytes, CancellationToken cancellation)
        {
            ContentDispositionHeaderValue? disposition = section.GetContentDispositionHeader();
            string part = HeaderUtilities.RemoveQuotes(disposition?.Name ?? "").ToString();
            string? file = disposition is null ? null : disposition.FileNameStar.HasValue ? disposition.FileNameStar.Value : HeaderUtilities.RemoveQuotes(disposition.FileName).Value;
            switch (part)
            {
                case Manifest: manifest = Once(part, manifest, await TextAsync(section, part, file ?? ApplicationCheck.DefaultFile, cancellation).ConfigureAwait(false)); break;
                case Alerts: alerts = Once(part, alerts, await TextAsync(section, part, file ?? "alerts.yaml", cancellation).ConfigureAwait(false)); break;
                case Policy: policies.Add(await TextAsync(section, part, file ?? throw Nameless(part), cancellation).ConfigureAwait(false)); break;
                case Folder: folder = Once(part, folder, await FieldAsync(section, part, cancellation).ConfigureAwait(false)); break;
                case BundleForm.Author: Author = Once(part, Author, await FieldAsync(section, part, cancellation).ConfigureAwait(false)); break;
                case Component:
                    byte[] bytes = await BytesAsync(section, part, mostBytes, cancellation).ConfigureAwait(false);
                    if (!components.TryAdd(file ?? throw Nameless(part), bytes)) throw new InvalidDataException($"the component '{file}' is there twice");
                    break;
                default:
                    throw new InvalidDataException($"unknown part '{part}'; expected {Manifest}, {Component}, {Policy}, {Alerts}, {Folder} or {BundleForm.Author}");
            }
        }

        private static T Once<T>(string part, T? before, T now) where T : class =>
            before is null ? now : throw new InvalidDataException($"the part '{part}' is there twice");

        private static InvalidDataException Nameless(string part) => new($"a part '{part}' has no file name");

        private static async Task<PolicyFile> TextAsync(MultipartSection section, string part, string name, CancellationToken cancellation) =>
            new(name, Text(await BytesAsync(section, part, MaxTextBytes, cancellation).ConfigureAwait(false), part));

        private static async Task<string> FieldAsync(MultipartSection section, string part, CancellationToken cancellation) =>
            Text(await BytesAsync(section, part, MaxFieldBytes, cancellation).ConfigureAwait(false), part);

        private static string Text(byte[] bytes, string part)
        {
            try
            {
                ReadOnlySpan<byte> text = bytes;
                return Strict.GetString(text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text);
            }
            catch (DecoderFallbackException)
            {
                throw new InvalidDataException($"the part '{part}' is no UTF-8");
            }
        }

        private static async Task<byte[]> BytesAsync(MultipartSection section, string part, long most, CancellationToken cancellation)
        {
            var all = new MemoryStream();
            var buffer = new byte[64 * 1024];
            for (int read; (read = await section.Body.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            {
                if (all.Length + read > most) throw new InvalidDataException($"a part '{part}' has at most {most} bytes");
                all.Write(buffer, 0, read);
            }

            return all.ToArray();
        }
    }
}
