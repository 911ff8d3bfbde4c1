using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Chain.Silo.Api;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Storage;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Tests.Api;

/// <summary>A node with its API in this process, a private Postgres, and the ward deployed.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private readonly WardFiles ward = new();
    private readonly string folder = TestPostgres.NewFolder();

    internal NodeProcess Process { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    internal string Folder => folder;

    internal string Ward => ward.Folder;

    public async Task InitializeAsync()
    {
        if (PostgresBinaries.Search() is null) return;
        Process = await NodeProcess.StartAsync(
            new NodeOptions { Folder = folder, Name = "fixture" }, IPAddress.Loopback, 0, static logging => logging.SetMinimumLevel(LogLevel.None));
        Process.Announce();
        Client = NewClient((await File.ReadAllTextAsync(Path.Combine(folder, "token"))).Trim());
        using HttpResponseMessage deployed = await DeployAsync(ward.Folder);
        Assert.Equal(HttpStatusCode.OK, deployed.StatusCode);
    }

    public async Task DisposeAsync()
    {
        Client?.Dispose();
        if (Process is not null)
        {
            await Process.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        ward.Dispose();
    }

    internal HttpClient NewClient(string? token)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(Process.Description.Url + "/api/v1/") };
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    internal async Task<HttpResponseMessage> DeployAsync(string path)
    {
        using MultipartFormDataContent form = BundleForm.Create(await ApplicationCheck.BundleAsync(path), "tester");
        return await Client.PostAsync("apps", form);
    }

    internal async Task<JsonElement> CallAsync(string component, string call)
    {
        using HttpResponseMessage response = await Client.PostAsJsonAsync($"apps/ward/components/{component}/call", new { call });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    internal async Task<JsonElement> GetAsync(string path) => await Client.GetFromJsonAsync<JsonElement>(path);

    /// <summary>The problem of a request, as <c>status type: detail</c>.</summary>
    internal static async Task<string> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((int)response.StatusCode, problem.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.GetProperty("title").GetString());
        string type = problem.GetProperty("type").GetString()!;
        Assert.StartsWith("urn:chain:problem:", type);
        return $"{(int)response.StatusCode} {type["urn:chain:problem:".Length..]}: {problem.GetProperty("detail").GetString()}";
    }
}
