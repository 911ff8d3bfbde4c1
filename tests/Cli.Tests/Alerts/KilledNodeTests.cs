using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Cli.Tests.Node;
using Chain.PolicyEngine.Tests.Alerts;
using Chain.Tests;
using Npgsql;

namespace Chain.Cli.Tests.Alerts;

/// <summary>A real node that denies, says so to its callers, and is killed before the store has any of it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class KilledNodeTests : IDisposable
{
    private readonly NodeCommands chain = new();
    private readonly WardFiles ward = new();

    private string Journal => Path.Combine(chain.Data, "decisions");

    [PostgresFact]
    public async Task ADenialThatACallerSawIsInTheStoreAndItsReceiverIsToldOnceTheNodeIsBack()
    {
        const int Denials = 40;
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string connection = await TestPostgres.ConnectionStringAsync(database);
        using var receiver = new TestReceiver();
        ward.Write("alerts.yaml", $"receivers:\n  - name: hook\n    webhook: {receiver.Url}\n");
        ward.Write("chain.yaml", WardFiles.Manifest + "\nalerts: alerts.yaml\n");
        chain.Up("--postgres", connection, ward.Folder);
        string id = chain.Ok("call", "ward/records", WardFiles.Ada).Split('"')[1];

        // Nothing that the node decides reaches the tables from here on, however busy the machine is.
        await using (NpgsqlConnection locked = await database.OpenConnectionAsync())
        await using (NpgsqlTransaction transaction = await locked.BeginTransactionAsync())
        {
            await RunAsync(locked, "LOCK TABLE decision, violation");
            await DenyAsync(id, Denials);
            NodeCommands.Kill(chain.Node.GetProperty("pid").GetInt32());
            // What its server processes wait to do would be done after all, though their client is dead.
            await RunAsync(locked, "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        Assert.Equal(0L, await CountAsync(database, "SELECT count(*) FROM decision"));
        Assert.Equal(0L, await CountAsync(database, "SELECT count(*) FROM violation"));
        Assert.Empty(receiver.All);
        Dictionary<string, byte[]> left = Directory.GetFiles(Journal).ToDictionary(static file => Path.GetFileName(file), File.ReadAllBytes);

        chain.Up("--postgres", connection);
        await WaitAsync(database, $"SELECT count(*) = {Denials} FROM violation");
        await WaitAsync(database, $"SELECT count(*) = {Denials} FROM decision");
        Assert.Single(await receiver.WaitAsync(1));
        Assert.Equal(Denials, receiver.All[0].Notice.Total);
        JsonElement decisions = JsonElement.Parse(chain.Ok("status", "--json")).GetProperty("decisions");
        Assert.Equal((2 * Denials, 0, 0), (Number(decisions, "recovered"), Number(decisions, "deferred"), Number(decisions, "damaged")));

        // Each decision and each violation belongs to a call that is in the record too, and none is there twice.
        await WaitAsync(database, $"SELECT count(*) = {Denials} FROM decision d JOIN call c ON c.id = d.call JOIN violation v ON v.call = d.call");
        chain.Ok("down");
        Assert.Empty(Directory.GetFiles(Journal));

        // As if it had been killed once more, after it had stored all of it and before it could say so in its folder.
        foreach ((string name, byte[] bytes) in left) await File.WriteAllBytesAsync(Path.Combine(Journal, name), bytes);
        chain.Up("--postgres", connection);
        while (Number(JsonElement.Parse(chain.Ok("status", "--json")).GetProperty("decisions"), "recovered") < 2 * Denials) await Task.Delay(100);
        chain.Ok("down");
        Assert.Empty(Directory.GetFiles(Journal));
        Assert.Equal(Denials, await CountAsync(database, "SELECT count(*) FROM decision"));
        Assert.Equal(Denials, await CountAsync(database, "SELECT count(*) FROM violation"));
        Assert.Equal(Denials, await CountAsync(database, "SELECT sum(count)::bigint FROM alert"));
        Assert.Equal(1, receiver.Requests);
    }

    public void Dispose()
    {
        chain.Dispose();
        ward.Dispose();
    }

    private async Task DenyAsync(string id, int times)
    {
        using var client = new HttpClient { BaseAddress = new Uri(chain.Node.GetProperty("url").GetString() + "/api/v1/") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(chain.Data, "token"))).Trim());
        string[] outcomes = await Task.WhenAll(Enumerable.Range(0, times).Select(async _ =>
        {
            using HttpResponseMessage response = await client.PostAsJsonAsync("apps/ward/components/records/call", new { call = $"get(\"{id}\")" });
            return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("outcome").GetString()!;
        }));
        Assert.All(outcomes, static outcome => Assert.Equal("denied", outcome));
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task WaitAsync(NpgsqlDataSource database, string isThere)
    {
        await using NpgsqlCommand command = database.CreateCommand(isThere);
        for (int i = 0; i < 6_000; i++)
        {
            if ((bool)(await command.ExecuteScalarAsync())!) return;
            await Task.Delay(10);
        }

        Assert.Fail($"still not so after a minute: {isThere}");
    }
}
