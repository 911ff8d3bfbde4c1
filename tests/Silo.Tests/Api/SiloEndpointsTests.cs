using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Chain.Silo.Api;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Tests.Api;

/// <summary>What the API says of silos on a node by itself, what a browser is let in to, and what a node that takes no more calls still answers.</summary>
public sealed class SiloEndpointsTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [PostgresFact]
    public async Task ANodeByItselfIsTheOnlySilo()
    {
        await node.CallAsync("records", "ids()");
        JsonElement silo = Assert.Single((await node.GetAsync("silos")).EnumerateArray());
        Assert.Equal(("fixture", "active"), (silo.GetProperty("name").GetString(), silo.GetProperty("state").GetString()));
        Assert.Equal(node.Process.Description.Url, silo.GetProperty("api").GetString());
        Assert.Equal(1, silo.GetProperty("components").GetProperty("ward/records").GetInt64());
        Assert.False((await node.GetAsync("status")).TryGetProperty("state", out _));
        using HttpResponseMessage drained = await node.Client.PostAsync("silos/fixture/drain", null);
        Assert.Equal("409 no-cluster: fixture is a node by itself; silos are started with: chain up --silos N", await NodeFixture.ProblemAsync(drained));
    }

    [PostgresFact]
    public async Task ABrowserIsAskedForTheTokenAtTheDashboardAndNowhereElse()
    {
        string token = (await File.ReadAllTextAsync(Path.Combine(node.Folder, "token"))).Trim();
        using HttpClient browser = node.NewClient(null);
        using HttpResponseMessage asked = await browser.GetAsync("/dashboard");
        Assert.Equal((HttpStatusCode.Unauthorized, "Basic"), (asked.StatusCode, asked.Headers.WwwAuthenticate.Single().Scheme));

        browser.DefaultRequestHeaders.Authorization = Basic("anybody", token);
        using HttpResponseMessage page = await browser.GetAsync("/dashboard");
        Assert.Equal("404 unknown-address", (await NodeFixture.ProblemAsync(page)).Split(':')[0]);
        foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Post, "/dashboard"), (HttpMethod.Get, "/api/v1/status"), (HttpMethod.Post, "/api/v1/shutdown") })
        {
            using HttpResponseMessage refused = await browser.SendAsync(new HttpRequestMessage(method, path));
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        foreach (AuthenticationHeaderValue wrong in new[] { Basic("anybody", token + "x"), Basic(token, ""), new AuthenticationHeaderValue("Basic", "%"), new("Basic", "") })
        {
            browser.DefaultRequestHeaders.Authorization = wrong;
            using HttpResponseMessage refused = await browser.GetAsync("/dashboard");
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }
    }

    [PostgresFact]
    public async Task ANodeThatTakesNoMoreCallsSaysSoAndShowsHowItIs()
    {
        string folder = TestPostgres.NewFolder();
        using var ward = new WardFiles();
        try
        {
            await using NodeProcess leaving = await NodeProcess.StartAsync(
                new NodeOptions { Folder = folder, Name = "leaving", Postgres = await TestPostgres.ConnectionStringAsync(await TestPostgres.NewDatabaseAsync()) },
                IPAddress.Loopback, 0, static logging => logging.SetMinimumLevel(LogLevel.None));
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(leaving.Description.Url + "/api/v1/") };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(folder, "token"))).Trim());
            await leaving.Node.StopTakingAsync();
            foreach (string path in new[] { "apps", "apps/ward/components/records/call", "apps/ward/rollback" })
            {
                using HttpResponseMessage refused = await client.PostAsJsonAsync(path, new { call = "ids()" });
                Assert.Equal("503 leaving: silo leaving is drained or on its way out; ask another", await NodeFixture.ProblemAsync(refused));
            }

            Assert.Equal("leaving", (await client.GetFromJsonAsync<JsonElement>("status")).GetProperty("node").GetString());
            using HttpResponseMessage ends = await client.PostAsync("shutdown", null);
            Assert.Equal(HttpStatusCode.Accepted, ends.StatusCode);
            await leaving.Stopping.WaitAsync(TimeSpan.FromSeconds(30));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
}
