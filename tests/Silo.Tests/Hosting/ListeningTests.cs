using System.Collections.Concurrent;
using System.Net;
using Chain.Silo.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Chain.Silo.Tests.Hosting;

/// <summary>What clients see of a server that stops.</summary>
public sealed class ListeningTests
{
    /// <summary>A client that makes a connection for each request meets the end of the listening; one that keeps it, the end of the connection.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoeverWasLetInIsAnswered(bool keeps)
    {
        for (int round = 0; round < 3; round++)
        {
            await using WebApplication web = await StartAsync();
            string url = Listening.UrlOf(web);
            int answered = 0;
            var broken = new ConcurrentQueue<string>();
            Task[] clients = [.. Enumerable.Range(0, 12).Select(_ => Task.Run(async () =>
            {
                using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
                while (true)
                {
                    try
                    {
                        // A body, so that the client may not send it again of its own.
                        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent("are you there") };
                        request.Headers.ConnectionClose = !keeps;
                        using HttpResponseMessage response = await client.SendAsync(request);
                        Assert.Equal("are you there", await response.Content.ReadAsStringAsync());
                        Interlocked.Increment(ref answered);
                    }
                    catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
                    {
                        return;
                    }
                    catch (HttpRequestException failure)
                    {
                        broken.Enqueue($"{failure.Message} {failure.InnerException?.Message}");
                    }
                }
            }))];
            while (Volatile.Read(ref answered) < 100) await Task.Delay(1);
            await Listening.StopAsync(web, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60));
            await Task.WhenAll(clients);
            Assert.True(broken.IsEmpty, string.Join('\n', broken));
        }
    }

    [Fact]
    public async Task OnceSomethingHappenedAnswersSayThatTheConnectionEnds()
    {
        await using WebApplication web = await StartAsync();
        var happened = new TaskCompletionSource();
        Task leaving = Listening.LeaveAfterAsync(web, happened.Task);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.NotEqual(true, (await client.PostAsync(Listening.UrlOf(web), new StringContent("1"))).Headers.ConnectionClose);
        happened.SetResult();
        await leaving;
        Assert.Equal(true, (await client.PostAsync(Listening.UrlOf(web), new StringContent("2"))).Headers.ConnectionClose);
        await Listening.StopAsync(web, TimeSpan.FromSeconds(30));
    }

    private static async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = Listening.NewBuilder(static _ => { }, TimeSpan.FromSeconds(30));
        var endpoint = new IPEndPoint(IPAddress.Loopback, 0);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(endpoint));
        WebApplication web = builder.Build();
        web.Run(static context => context.Request.Body.CopyToAsync(context.Response.Body));
        await Listening.StartAsync(web, endpoint);
        return web;
    }
}
