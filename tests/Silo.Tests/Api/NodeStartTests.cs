using System.Net;
using System.Net.Sockets;
using Chain.Silo.Api;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Npgsql;

namespace Chain.Silo.Tests.Api;

public sealed class NodeStartTests
{
    [Theory]
    [InlineData("http://0.0.0.0:7700", null, "http://127.0.0.1:7700")]
    [InlineData("http://[::]:7700", null, "http://[::1]:7700")]
    [InlineData("http://0.0.0.0:7700", "10.0.0.2", "http://10.0.0.2:7700")]
    [InlineData("http://[::]:7700", "fd00::2", "http://[fd00::2]:7700")]
    [InlineData("http://10.0.0.1:7700", "10.0.0.2", "http://10.0.0.1:7700")]
    public void AServerIsReachedByAnAddressThatItHas(string listens, string? by, string reached) =>
        Assert.Equal(reached, NodeProcess.Reachable(listens, by is null ? null : IPAddress.Parse(by)));

    [PostgresFact]
    public async Task ANodeThatStartsAgainAnswersOnlyOnceItsApplicationsDo()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string folder = TestPostgres.NewFolder();
        var options = new NodeOptions { Folder = folder, Postgres = await TestPostgres.ConnectionStringAsync(database), Port = FreePort() };
        await using (NodeProcess before = await StartAsync(options))
        {
            await before.Applications.DeployAsync(await ApplicationCheck.BundleAsync(Path.Combine(Places.Repository, "examples", "clinic")), "tester");
        }

        Task<HttpStatusCode> first = FirstAnswerAsync(new Uri($"http://127.0.0.1:{options.Port}/stats"));
        await using (NodeProcess again = await StartAsync(options))
        {
            Assert.Equal("clinic", again.Node.Applications.Single().Plan.Name);
            Assert.Equal(HttpStatusCode.OK, await first);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static Task<NodeProcess> StartAsync(NodeOptions options) => NodeProcess.StartAsync(options, IPAddress.Loopback, 0, static _ => { });

    private static async Task<HttpStatusCode> FirstAnswerAsync(Uri address)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync(address, patience.Token);
                return response.StatusCode;
            }
            catch (HttpRequestException)
            {
                // Nobody listens yet.
                await Task.Delay(5, patience.Token);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
