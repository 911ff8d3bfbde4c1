using System.IO.Compression;
using System.Text.Json;
using Chain.Silo.Hosting.Http;
using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Http;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Tests.Hosting.Http;

/// <summary>The HTTP sample, a component in JavaScript, served.</summary>
public sealed class ComponentHttpGuestTests
{
    private const string Sample = "samples/http/http-js.wasm.gz";

    [SharedFact(Sample)]
    public async Task TheSampleAnswersAsItsExpectationsSay()
    {
        PreparedComponent prepared = Prepare();
        var grants = new HttpGuestGrants(new WasiOptions(), null, new StoreLimits());
        await using ComponentHttpServer server = await ComponentHttpServer.StartAsync(
            cancellation => ComponentHttpGuest.Create(prepared, grants, cancellation), new HttpHostOptions { Concurrency = 2, Deadline = TimeSpan.FromMinutes(2) },
            static logging => logging.SetMinimumLevel(LogLevel.Error));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(server.Url), Timeout = TimeSpan.FromMinutes(2) };
        int cases = 0;

        // Twice each, so that instances that were reset answer too.
        for (int round = 0; round < 2; round++)
        {
            foreach (JsonElement one in Expected())
            {
                await AnswersAsync(client, one);
                cases++;
            }
        }

        Assert.True(cases >= 2);
    }

    private static PreparedComponent Prepare()
    {
        using var unpacked = new MemoryStream();
        using (var packed = new GZipStream(File.OpenRead(Path.Combine(Places.Shared, Sample)), CompressionMode.Decompress)) packed.CopyTo(unpacked);
        var engine = new ManagedEngine();
        return new ComponentLinker(engine).Add(WasiInterfaces.Command).Add(HttpInterfaces.All)
            .Prepare(CompiledComponent.Compile(engine, ComponentReader.Read(unpacked.ToArray(), "http-js.wasm")));
    }

    private static JsonElement[] Expected() =>
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Places.Shared, "samples", "expected.json"))).RootElement.GetProperty("components").EnumerateArray()
            .Where(component => component.GetProperty("kind").GetString() == "http").SelectMany(component => component.GetProperty("cases").EnumerateArray())];

    private static async Task AnswersAsync(HttpClient client, JsonElement expectation)
    {
        JsonElement request = expectation.GetProperty("request"), response = expectation.GetProperty("response");
        using var message = new HttpRequestMessage(new HttpMethod(request.GetProperty("method").GetString()!), request.GetProperty("path").GetString());
        if (request.TryGetProperty("body", out JsonElement body)) message.Content = new StringContent(body.GetString()!);
        using HttpResponseMessage answer = await client.SendAsync(message);
        Assert.Equal(response.GetProperty("status").GetInt32(), (int)answer.StatusCode);
        Assert.Equal(response.GetProperty("body").GetString(), await answer.Content.ReadAsStringAsync());
        foreach (JsonProperty header in response.GetProperty("headers").EnumerateObject())
        {
            IEnumerable<string> values = answer.Headers.Concat(answer.Content.Headers)
                .Where(found => found.Key.Equals(header.Name, StringComparison.OrdinalIgnoreCase)).SelectMany(found => found.Value);
            Assert.Equal(header.Value.GetString(), string.Join(", ", values));
        }
    }
}
