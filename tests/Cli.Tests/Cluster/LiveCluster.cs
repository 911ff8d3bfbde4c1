using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Cli.Tests.Node;
using Chain.Silo.Api;
using Chain.Silo.Hosting;
using Chain.Tests;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Tests that share <see cref="LiveCluster"/>; one at a time, as some of them kill its silos.</summary>
[CollectionDefinition(Name)]
public sealed class LiveClusterTests : ICollectionFixture<LiveCluster>
{
    public const string Name = "live cluster";
}

/// <summary>
/// Three silos in processes of their own, as <c>chain up --silos 3</c> runs them, in regions eu, eu and us; on a database that tests read. Whoever has a
/// silo go away waits until it is back.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class LiveCluster : IAsyncLifetime
{
    public static readonly string[] Names = ["s1", "s2", "s3"];

    /// <summary>On a machine with other work; what is measured is far below.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };

    internal NodeCommands Chain { get; } = new();

    internal NpgsqlDataSource Database { get; private set; } = null!;

    /// <summary>How long <c>chain up --silos 3</c> took.</summary>
    public TimeSpan Start { get; private set; }

    /// <summary>The silos that can be reached now.</summary>
    public IReadOnlyList<SiloDescription> Silos => Chain.Node.GetProperty("silos").Deserialize<SiloDescription[]>(Json)!;

    public async Task InitializeAsync()
    {
        if (!ClusterSupport.IsBuiltIn || PostgresBinaries.Search() is null) return;
        Database = await TestPostgres.NewDatabaseAsync();
        Chain.With("CHAIN_POSTGRES", await TestPostgres.ConnectionStringAsync(Database));
        var clock = Stopwatch.StartNew();
        Chain.Up("--silos", "3", "--label", "region=eu", "--label", "3:region=us");
        Start = clock.Elapsed;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", File.ReadAllText(Path.Combine(Chain.Data, "token")).Trim());
    }

    public async Task DisposeAsync()
    {
        Chain.Dispose();
        http.Dispose();
        if (Database is not null) await Database.DisposeAsync();
    }

    /// <summary>The silo of that name, once it can be reached by a process other than <paramref name="former"/>.</summary>
    public async Task<SiloDescription> SiloAsync(string name, int former = 0)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (Silos.FirstOrDefault(one => one.Name == name && one.Pid != former) is { } silo) return silo;
            Assert.True(clock.Elapsed < Patience, $"silo {name} is not there; {Chain.Run("status").Output}");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends a silo's process by SIGKILL.</summary>
    /// <returns>What it was.</returns>
    public async Task<SiloDescription> KillAsync(string name)
    {
        SiloDescription silo = await SiloAsync(name);
        NodeCommands.Kill(silo.Pid);
        return silo;
    }

    /// <summary>Calls a function of a component over the API of a silo.</summary>
    /// <param name="url">The silo's API.</param>
    /// <param name="component"><c>application/component</c>.</param>
    /// <param name="call">In WAVE.</param>
    /// <param name="tags">The label of the arguments.</param>
    /// <exception cref="HttpRequestException">There is no answer, or it is a problem; <see cref="HttpRequestException.StatusCode"/> says which.</exception>
    public async Task<CallAnswer> CallAsync(string url, string component, string call, string tags = "")
    {
        string[] names = component.Split('/');
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/api/v1/apps/{names[0]}/components/{names[1]}/call") { Content = JsonContent.Create(new { call }) };
        if (tags.Length > 0) request.Headers.Add("baggage", $"chain.label={Uri.EscapeDataString(tags)}");
        using HttpResponseMessage response = await http.SendAsync(request);
        if (!response.IsSuccessStatusCode) throw new HttpRequestException(await response.Content.ReadAsStringAsync(), null, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<CallAnswer>(Json))!;
    }

    /// <summary>Waits until every silo has an application: it is told of in the store, which the others follow.</summary>
    public async Task DeployedAsync(string application)
    {
        var clock = Stopwatch.StartNew();
        foreach (SiloDescription silo in Silos)
        {
            while ((await http.GetAsync($"{silo.Url}/api/v1/apps/{application}/logs")).StatusCode == HttpStatusCode.NotFound)
            {
                Assert.True(clock.Elapsed < Patience, $"silo {silo.Name} does not have {application}");
                await Task.Delay(20);
            }
        }
    }

    /// <summary>The last lines that the silos' processes wrote.</summary>
    public string Logs(int lines) => string.Join('\n', Names.Select(name => Path.Combine(Chain.Data, "silos", name, "node.log")).Where(File.Exists)
        .SelectMany(file => File.ReadLines(file).TakeLast(lines).Prepend($"{file}:")));

    /// <summary>What a silo says of all silos.</summary>
    public async Task<SiloStatus[]> StatusAsync() => (await http.GetFromJsonAsync<SiloStatus[]>($"{Silos[0].Url}/api/v1/silos", Json))!;

    /// <summary>The record of calls whose callee is of an application, by their start; once it says what it is to, as it is written behind the calls.</summary>
    internal async Task<ClusterCall[]> RecordAsync(string application, Func<ClusterCall[], bool> isThere)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            ClusterCall[] calls = await ReadAsync(application);
            if (isThere(calls)) return calls;
            Assert.True(clock.Elapsed < Patience, $"the record of {application} is not as it should be: {calls.Length} calls, the last ones:\n{string.Join('\n', calls.TakeLast(30))}");
            await Task.Delay(200);
        }
    }

    /// <summary>The numbers in the bucket <c>ledger</c> of an application's components, by component and key.</summary>
    internal async Task<IReadOnlyDictionary<(string Component, string Key), uint>> NumbersAsync(string application)
    {
        await using NpgsqlCommand command = Database.CreateCommand(
            "SELECT k.component, k.key, s.value FROM state s JOIN state_key k ON k.id = s.key WHERE k.component LIKE $1 AND s.value IS NOT NULL");
        command.Parameters.AddWithValue(application + "/%");
        var numbers = new Dictionary<(string, string), uint>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) numbers[(row.GetString(0)[(application.Length + 1)..], row.GetString(1))] = BitConverter.ToUInt32(row.GetFieldValue<byte[]>(2));
        return numbers;
    }

    private async Task<ClusterCall[]> ReadAsync(string application)
    {
        await using NpgsqlCommand command = Database.CreateCommand(
            "SELECT id, trace, parent, caller, callee, function, outcome, host, attempt, node, id >> 13, duration::double precision FROM call_view WHERE callee LIKE $1 ORDER BY id");
        command.Parameters.AddWithValue(application + "/%");
        var calls = new List<ClusterCall>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            calls.Add(new ClusterCall(
                row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetInt16(6),
                row.GetString(7), row.GetInt16(8), row.GetString(9), TimeSpan.FromMicroseconds(row.GetInt64(10)), TimeSpan.FromMicroseconds(row.GetDouble(11))));
        }

        return [.. calls];
    }
}

/// <summary>A call of the record.</summary>
/// <param name="Host">The silo that ran the callee.</param>
/// <param name="Node">The silo that recorded it.</param>
/// <param name="Start">Since the beginning of the clock that ids have.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record ClusterCall(
    long Id, long Trace, long? Parent, string Caller, string Callee, string Function, short Outcome, string Host, short Attempt, string Node,
    TimeSpan Start, TimeSpan Duration);
