using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Chain.Silo.Api;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Tests.Hosting.Cluster;

public sealed class DashboardTests
{
    [ClusterFact]
    public async Task TheDashboardIsThereForWhoShowsTheToken()
    {
        await using TestCluster cluster = await TestCluster.NewAsync();
        string folder = Path.Combine(Path.GetTempPath(), "chain-silo-" + Path.GetRandomFileName());
        var options = new NodeOptions { Folder = folder, Postgres = cluster.Store, Name = "s1", Cluster = new ClusterOptions(), Drain = TimeSpan.FromSeconds(5) };
        await using (NodeProcess process = await NodeProcess.StartAsync(
            options, IPAddress.Loopback, 0, static logging => logging.SetMinimumLevel(LogLevel.None)))
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(process.Description.Url) };
            using HttpResponseMessage stranger = await client.GetAsync("/dashboard/DashboardCounters");
            Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);

            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(folder, "token"))).Trim());
            using HttpResponseMessage moved = await client.GetAsync("/dashboard");
            Assert.Equal("/dashboard/", moved.Headers.Location?.OriginalString);
            string page = await client.GetStringAsync("/dashboard/");
            Assert.Contains("index.min.js", page, StringComparison.Ordinal);
            Assert.NotEmpty(await client.GetByteArrayAsync("/dashboard/index.min.js"));
            await TestCluster.UntilAsync(async () => (await HostsAsync(client)).SequenceEqual(["s1"]), "the dashboard has counted the silo");

            // The API is what it was, and the dashboard is none of it.
            Assert.Contains("/api/v1/status", await client.GetStringAsync("/api/v1/openapi.json"), StringComparison.Ordinal);
            Assert.DoesNotContain("dashboard", await client.GetStringAsync("/api/v1/openapi.json"), StringComparison.OrdinalIgnoreCase);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string?[]> HostsAsync(HttpClient client)
    {
        using JsonDocument counters = JsonDocument.Parse(await client.GetStringAsync("/dashboard/DashboardCounters"));
        return [.. counters.RootElement.GetProperty("hosts").EnumerateArray().Select(static one => one.GetProperty("siloName").GetString())];
    }
}
