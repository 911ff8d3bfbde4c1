using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary>Talks with the node of a folder, or with one of its silos, and turns what it refuses into one line and an exit code.</summary>
internal sealed class NodeClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly HttpClient http;
    private readonly string folder;
    private readonly string token;
    private string[] urls;

    private NodeClient(string folder, NodeDescription node, string token, params string[] urls)
    {
        this.folder = folder;
        this.token = token;
        this.urls = urls;
        Node = node;
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = ConnectTimeout }) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public NodeDescription Node { get; }

    /// <summary>The node that runs in the folder of <c>--data</c>.</summary>
    /// <exception cref="CommandException">None does, or its token cannot be read.</exception>
    public static NodeClient Open(ParseResult parsed) => Open(parsed.GetValue(StoreOptions.Data)!);

    /// <inheritdoc cref="Open(ParseResult)"/>
    public static NodeClient Open(string folder)
    {
        (bool isHeld, NodeDescription? node) = NodeFolder.Look(folder);
        if (!isHeld) throw new CommandException($"no node runs in {folder}; start one with: chain up{DataOption(folder)}", ExitCode.Unavailable);
        if (node is null) throw new CommandException($"the node in {folder} is starting or ending; try again in a moment", ExitCode.Unavailable);
        return Open(folder, node);
    }

    /// <summary>The node, or the silos, of a description.</summary>
    /// <exception cref="CommandException">The token cannot be read.</exception>
    public static NodeClient Open(string folder, NodeDescription node)
    {
        string path = Path.Combine(folder, ApiToken.FileName);
        if (!File.Exists(path)) throw new CommandException($"the node in {folder} runs, but its token is gone: no such file: {path}");
        string token = File.ReadAllText(path).Trim();
        if (token.Length == 0 || token.Any(static c => c is <= ' ' or > '~')) throw new CommandException($"{path} holds no token");
        return new NodeClient(folder, node, token, node.Silos is { Count: > 0 } silos ? [.. silos.Select(static silo => silo.Url)] : [node.Url]);
    }

    /// <summary>The process that runs the silos, where it is that; else the node itself. It ends them, and starts them again.</summary>
    public NodeClient OfProcess() => Node.Supervisor is { } url ? new NodeClient(folder, Node, token, url) : new NodeClient(folder, Node, token, urls);

    /// <summary>Each silo by itself; of a node by itself only that.</summary>
    public IReadOnlyList<(string Name, NodeClient Client)> OfEach() => Node.Silos is { } silos
        ? [.. silos.Select(silo => (silo.Name, new NodeClient(folder, Node, token, silo.Url)))]
        : [("", new NodeClient(folder, Node, token, urls))];

    /// <summary>The option that names a folder, where it is not the one that goes without saying.</summary>
    public static string DataOption(string folder) => folder == ".chain" ? "" : $" --data {folder}";

    public Task<T> GetAsync<T>(string path, CancellationToken cancellation) => ReadAsync<T>(HttpMethod.Get, path, null, cancellation);

    public Task<T> PostAsync<T>(string path, HttpContent content, CancellationToken cancellation) => ReadAsync<T>(HttpMethod.Post, path, content, cancellation);

    public Task<T> PostAsync<T>(string path, CancellationToken cancellation) => ReadAsync<T>(HttpMethod.Post, path, null, cancellation);

    public async Task PostAsync(string path, CancellationToken cancellation) =>
        (await SendAsync(HttpMethod.Post, path, null, cancellation)).Dispose();

    public async Task DeleteAsync(string path, CancellationToken cancellation) =>
        (await SendAsync(HttpMethod.Delete, path, null, cancellation)).Dispose();

    /// <summary>The bytes at an address; <see langword="null"/> where there is nothing.</summary>
    public async Task<byte[]?> BytesAsync(string path, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await SendAsync(HttpMethod.Get, path, null, cancellation);
            return await response.Content.ReadAsByteArrayAsync(cancellation);
        }
        catch (ApiException e) when (e.Problem.Status == (int)HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Events as they come, until the node ends.</summary>
    public async IAsyncEnumerable<T> EventsAsync<T>(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, path, null, cancellation);
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        SseParser<T> events = SseParser.Create(stream, static (_, data) => JsonSerializer.Deserialize<T>(data, ApiJson.Options)!);
        await using IAsyncEnumerator<SseItem<T>> all = events.EnumerateAsync(cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            try
            {
                if (!await all.MoveNextAsync()) yield break;
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException)
            {
                yield break;
            }

            yield return all.Current.Data;
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<T> ReadAsync<T>(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(method, path, content, cancellation);
        return (await response.Content.ReadFromJsonAsync<T>(ApiJson.Options, cancellation))!;
    }

    /// <summary>Asks the silo that answered before, and the next ones where it is away or takes no more calls.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation)
    {
        CommandException? away = null;
        ApiException? leaving = null;
        string[] all = urls;
        for (int i = 0; i < all.Length; i++)
        {
            try
            {
                HttpResponseMessage response = await http.SendAsync(RequestOf(method, all[i], path, content), HttpCompletionOption.ResponseHeadersRead, cancellation);
                if (!response.IsSuccessStatusCode)
                {
                    using (response) throw await RefusalAsync(response, all[i], cancellation);
                }

                if (i > 0) urls = [.. all[i..], .. all[..i]];
                return response;
            }
            catch (HttpRequestException e) when (i + 1 == all.Length || e.HttpRequestError is HttpRequestError.ConnectionError)
            {
                // Nothing of it was sent.
                away = new CommandException(
                    all.Length > 1 ? $"no silo in {folder} answers; the last one, at {all[i]}: {e.Message}" : $"the node in {folder} (process {Node.Pid}) does not answer at {all[i]}: {e.Message}",
                    ExitCode.Unavailable);
            }
            catch (ApiException e) when (e.Problem.Type == Problem.Leaving)
            {
                leaving = e;
            }
        }

        throw (Exception?)leaving ?? away!;
    }

    // Not disposed of: that would take the content away from the next try.
    private static HttpRequestMessage RequestOf(HttpMethod method, string url, string path, HttpContent? content)
    {
        var request = new HttpRequestMessage(method, $"{url}{ApiServer.Root}/{path}") { Content = content };
        // A node that will not have it says so before it is sent.
        request.Headers.ExpectContinue = content is MultipartContent;
        return request;
    }

    private async Task<Exception> RefusalAsync(HttpResponseMessage response, string url, CancellationToken cancellation)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new CommandException(
                $"the node in {folder} refuses the token in {Path.Combine(folder, ApiToken.FileName)}: it was changed since the node started; put the old one back, or start the node again");
        }

        if (response.Content.Headers.ContentType?.MediaType != Problem.MediaType)
            return new CommandException($"what answers at {url} is no node of Chain: {(int)response.StatusCode}", ExitCode.Unavailable);
        return new ApiException((await response.Content.ReadFromJsonAsync<Problem>(ApiJson.Options, cancellation))!);
    }
}

/// <summary>The node refused a request.</summary>
internal sealed class ApiException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;

    /// <summary>What the command ends with.</summary>
    public CommandException ToCommand() => new(Problem.Detail, Problem.Status switch
    {
        (int)HttpStatusCode.InternalServerError => ExitCode.Internal,
        (int)HttpStatusCode.ServiceUnavailable => ExitCode.Unavailable,
        _ => ExitCode.BadInput,
    });

    /// <summary>Prints the errors in files, and gives what the command ends with.</summary>
    public CommandException ToCommand(string path) =>
        Problem.Errors is { Count: > 0 } errors ? Refused.Of(path, [.. errors.Select(static one => one.ToIssue())]) : ToCommand();
}

/// <summary>An application that does not check, as <c>chain check</c> shows it.</summary>
internal static class Refused
{
    /// <summary>Prints the errors, and gives what the command ends with.</summary>
    public static CommandException Of(string path, IReadOnlyList<PolicyIssue> issues)
    {
        foreach (PolicyIssue issue in issues) Console.Error.WriteLine(issue);
        return new CommandException($"{path} was not deployed: {issues.Count} error{(issues.Count == 1 ? "" : "s")}");
    }
}
