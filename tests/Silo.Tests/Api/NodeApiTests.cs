using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Chain.Silo.Api;
using Chain.Tests;
using Npgsql;

namespace Chain.Silo.Tests.Api;

/// <summary>The HTTP API of a real node.</summary>
public sealed class NodeApiTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [PostgresFact]
    public async Task WhoShowsNoTokenOrAnotherGetsNothing()
    {
        using HttpClient nobody = node.NewClient(null);
        using HttpResponseMessage silent = await nobody.GetAsync("status");
        Assert.Equal(
            "401 unauthorized: expected the header 'Authorization: Bearer TOKEN'; the token is in the file 'token' of the node's folder", await NodeFixture.ProblemAsync(silent));
        Assert.Equal("Bearer", silent.Headers.WwwAuthenticate.Single().Scheme);
        using HttpClient stranger = node.NewClient(new string('x', 43));
        foreach (string path in (string[])["status", "openapi.json", "nothing", "calls/events"])
        {
            using HttpResponseMessage wrong = await stranger.GetAsync(path);
            Assert.Equal("401 unauthorized: this is not the node's token; it is in the file 'token' of the node's folder", await NodeFixture.ProblemAsync(wrong));
        }
    }

    [PostgresFact]
    public void OnlyTheOwnerReadsTheToken()
    {
        string file = Path.Combine(node.Folder, "token");
        Assert.Equal(43, File.ReadAllText(file).Trim().Length);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [PostgresFact]
    public async Task TheDocumentDescribesEveryEndpoint()
    {
        JsonElement document = await node.GetAsync("openapi.json");
        IEnumerable<string> described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));
        Assert.Equal(
            node.Process.Endpoints.Where(static one => one != "GET /api/v1/openapi.json"), described.Order(StringComparer.Ordinal));
        Assert.True(node.Process.Endpoints.Count >= 13);
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty method in path.Value.EnumerateObject())
            {
                Assert.NotEqual("", method.Value.GetProperty("summary").GetString());
                Assert.True(method.Value.GetProperty("responses").TryGetProperty("default", out _));
            }
        }

        Assert.Equal("http", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("bearer").GetProperty("type").GetString());
    }

    [PostgresFact]
    public async Task ACallGivesItsResultItsLabelAndItsChain()
    {
        JsonElement added = await node.CallAsync("records", WardFiles.Ada);
        Assert.Equal("returned", added.GetProperty("outcome").GetString());
        string id = added.GetProperty("value").GetProperty("ok").GetString()!;
        Assert.Equal($"ok(\"{id}\")", added.GetProperty("wave").GetString());
        Assert.Equal(0, added.GetProperty("label").GetArrayLength());
        Assert.False(added.TryGetProperty("error", out _));

        JsonElement found = await node.CallAsync("anonymizer", $"privacy/anonymizer#anonymize(\"{id}\")");
        Assert.Equal("returned", found.GetProperty("outcome").GetString());
        Assert.Equal("flu", found.GetProperty("value").GetProperty("ok").GetProperty("diagnosis").GetString());
        Assert.Equal(0, found.GetProperty("label").GetArrayLength());
        await node.Process.Node.FlushAsync();
        // The key of a trace is the id of its root, and the first half of its own id.
        long root = long.Parse(found.GetProperty("trace").GetString()!.AsSpan(0, 16), NumberStyles.HexNumber);
        await using NpgsqlCommand count = node.Process.Node.Database.CreateCommand("SELECT count(*) FROM call WHERE id = $1 OR trace = $1");
        count.Parameters.AddWithValue(root);
        Assert.Equal(3L, await count.ExecuteScalarAsync());

        // What went from one guest to another: the id there, pointer and length with it, and more than that back.
        await using NpgsqlCommand sizes = node.Process.Node.Database.CreateCommand(
            "SELECT size_in::bigint, size_out > length('Ada' || 'ada@example.org' || 'flu' || 'none'), copies::int FROM call_view WHERE trace = $1 AND callee = 'ward/records'");
        sizes.Parameters.AddWithValue(root);
        await using NpgsqlDataReader row = await sizes.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        Assert.Equal((8L + id.Length, true, 1), (row.GetInt64(0), row.GetBoolean(1), row.GetInt32(2)));
        Assert.False(await row.ReadAsync());
    }

    [PostgresFact]
    public async Task ADenialIsAnAnswerAnEventAndAViolation()
    {
        string id = (await node.CallAsync("records", WardFiles.Ada)).GetProperty("value").GetProperty("ok").GetString()!;
        await using EventReader calls = await EventReader.OpenAsync(node.Client, "calls/events");
        await using EventReader alerts = await EventReader.OpenAsync(node.Client, "alerts/events");
        JsonElement denied = await node.CallAsync("records", $"get(\"{id}\")");
        Assert.Equal("denied", denied.GetProperty("outcome").GetString());
        Assert.Equal("pii would leave by ward/records", denied.GetProperty("error").GetString());
        Assert.False(denied.TryGetProperty("value", out _));

        string trace = denied.GetProperty("trace").GetString()!;
        JsonElement call = await calls.NextAsync("call", one => one.GetProperty("trace").GetString() == trace && one.GetProperty("depth").GetInt32() == 0);
        Assert.Equal(("outside", "ward/records", "denied"), (Text(call, "caller"), Text(call, "callee"), Text(call, "outcome")));
        JsonElement violation = await alerts.NextAsync("violation", static _ => true);
        Assert.Equal(("pii-stays-inside", "high", "pii would leave by ward/records"), (Text(violation, "policy"), Text(violation, "severity"), Text(violation, "message")));

        // Whoever comes back takes up where he was.
        long last = violation.GetProperty("id").GetInt64();
        await using EventReader again = await EventReader.OpenAsync(node.Client, $"alerts/events?after={last - 1}");
        Assert.Equal(last, (await again.NextAsync("violation", static _ => true)).GetProperty("id").GetInt64());
        JsonElement status = await node.GetAsync("status");
        Assert.True(status.GetProperty("denied").GetInt64() >= 1);
        Assert.Equal("fixture", Text(status, "node"));
        Assert.Equal(1, status.GetProperty("policies").GetProperty("count").GetInt32());
    }

    [PostgresTheory]
    [InlineData("apps/wards/components/records/call", "ids()", "404 unknown-name: there is no application 'wards'; near: 'ward'")]
    [InlineData("apps/ward/components/recrods/call", "ids()", "404 unknown-name: ward has no component 'recrods'; near: 'records'")]
    [InlineData("apps/ward/components/records/call", "store#idz()", "404 unknown-name: ward/records exports no function 'store#idz'; near: 'store#ids', 'store#add', 'store#get'")]
    [InlineData("apps/ward/components/records/call", "get(7)", "400 bad-arguments: column 5: expected a string in double quotes, found '7'")]
    [InlineData("apps/ward/components/records/cal", "ids()", "404 unknown-address: there is no /api/v1/apps/ward/components/records/cal; near: '/api/v1/apps/ward/components/records/call'; see /api/v1/openapi.json")]
    public async Task WhatIsMistypedIsNamed(string path, string call, string expected)
    {
        using HttpResponseMessage response = await node.Client.PostAsJsonAsync(path, new { call });
        Assert.Equal(expected, await NodeFixture.ProblemAsync(response));
    }

    [PostgresTheory]
    [InlineData("{\"call\": 5}", "application/json", "400 bad-request: the body is not the JSON that /api/v1/openapi.json describes: line 1, byte 11, at $.call")]
    [InlineData("{}", "application/json", "400 bad-request: the body is not the JSON that /api/v1/openapi.json describes: line 1, byte 3, at $")]
    [InlineData("{", "application/json", "400 bad-request: the body is not the JSON that /api/v1/openapi.json describes: line 1, byte 2, at $")]
    [InlineData("{}", "text/plain", "415 unsupported-media-type: /api/v1/apps/ward/components/records/call takes no 'text/plain; charset=utf-8'; see /api/v1/openapi.json")]
    public async Task AMalformedBodyIsRefused(string body, string type, string expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using HttpResponseMessage response = await node.Client.PostAsync("apps/ward/components/records/call", content);
        Assert.Equal(expected, await NodeFixture.ProblemAsync(response));
    }

    [PostgresFact]
    public async Task AnotherMethodIsRefusedWithTheOnesThereAre()
    {
        using HttpResponseMessage response = await node.Client.DeleteAsync("status");
        Assert.Equal("405 method-not-allowed: DELETE /api/v1/status: expected GET", await NodeFixture.ProblemAsync(response));
    }

    [PostgresFact]
    public async Task ABodyHasALimit()
    {
        using var content = new ByteArrayContent(new byte[18 << 20]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "apps/ward/components/records/call") { Content = content, Headers = { ExpectContinue = true } };
        using HttpResponseMessage response = await node.Client.SendAsync(request);
        Assert.StartsWith("413 too-large: ", await NodeFixture.ProblemAsync(response));
    }

    [PostgresFact]
    public async Task AFormThatIsNoApplicationIsRefused()
    {
        using var json = new StringContent("{}", Encoding.UTF8, "application/json");
        using HttpResponseMessage other = await node.Client.PostAsync("apps", json);
        Assert.StartsWith("415 unsupported-media-type: ", await NodeFixture.ProblemAsync(other));
        using var empty = new MultipartFormDataContent { { new StringContent("me"), "author" } };
        using HttpResponseMessage without = await node.Client.PostAsync("apps", empty);
        Assert.Equal("400 bad-request: the part 'manifest' is missing: the text of chain.yaml", await NodeFixture.ProblemAsync(without));
        using var unknown = new MultipartFormDataContent { { new StringContent("me"), "auther" } };
        using HttpResponseMessage strange = await node.Client.PostAsync("apps", unknown);
        Assert.Equal(
            "400 bad-request: unknown part 'auther'; expected manifest, component, policy, alerts, folder or author", await NodeFixture.ProblemAsync(strange));
    }

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    /// <summary>Reads server-sent events; it is heard when it is open.</summary>
    private sealed class EventReader : IAsyncDisposable
    {
        private readonly HttpResponseMessage response;
        private readonly IAsyncEnumerator<SseItem<JsonElement>> events;

        // Given to the stream: one that is read when it is disposed of would hide by its exception what the test says.
        private readonly CancellationTokenSource patience = new();

        private EventReader(HttpResponseMessage response, Stream stream)
        {
            this.response = response;
            events = SseParser.Create(stream, static (_, data) => JsonElement.Parse(data)).EnumerateAsync().GetAsyncEnumerator(patience.Token);
        }

        public static async Task<EventReader> OpenAsync(HttpClient client, string path)
        {
            HttpResponseMessage response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            return new EventReader(response, await response.Content.ReadAsStreamAsync());
        }

        public async Task<JsonElement> NextAsync(string type, Func<JsonElement, bool> wanted)
        {
            patience.CancelAfter(TimeSpan.FromMinutes(2));
            while (await events.MoveNextAsync())
            {
                Assert.Equal(type, events.Current.EventType);
                if (wanted(events.Current.Data)) return events.Current.Data;
            }

            throw new InvalidOperationException("the stream ended");
        }

        public async ValueTask DisposeAsync()
        {
            response.Dispose();
            await events.DisposeAsync();
            patience.Dispose();
        }
    }
}
