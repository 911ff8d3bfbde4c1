using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Cli.Tests.Node;
using Chain.Silo.Hosting;
using Chain.Tests;
using Chain.Tracer.Storage;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Three silos that <c>chain up --silos</c> runs for all tests of a class, each of which leaves them as they were.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RunningSilos : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly WardFiles ward = new();

    public RunningSilos()
    {
        if (ClusterSupport.IsBuiltIn && PostgresBinaries.Search() is not null)
            Started = Chain.Up("--silos", "3", "--label", "region=eu", "--label", "3:region=us", "--label", "3:zone=b", ward.Folder);
    }

    internal NodeCommands Chain { get; } = new();

    /// <summary>What <c>chain up --detach</c> printed.</summary>
    internal string Started { get; } = "";

    internal JsonElement Status => JsonElement.Parse(Chain.Ok("status", "--json"));

    /// <summary>The silos of <c>node.json</c>, by name.</summary>
    internal Dictionary<string, JsonElement> Silos => Chain.Node.GetProperty("silos").EnumerateArray().ToDictionary(static one => one.GetProperty("name").GetString()!);

    internal int PidOf(string silo) => Silos[silo].GetProperty("pid").GetInt32();

    /// <summary>How a silo is to the process that runs it, and to the cluster; <c>-</c> where it is not in that.</summary>
    internal string StateOf(string silo)
    {
        JsonElement status = Status;
        string process = status.GetProperty("supervisor").GetProperty("silos").EnumerateArray().First(one => one.GetProperty("name").GetString() == silo).GetProperty("state").GetString()!;
        JsonElement there = status.GetProperty("silos").EnumerateArray().FirstOrDefault(one => one.GetProperty("name").GetString() == silo);
        return $"{process} {(there.ValueKind == JsonValueKind.Object ? there.GetProperty("state").GetString() : "-")}";
    }

    /// <summary>Waits until something is so.</summary>
    internal static void Await(string what, Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(clock.Elapsed < Patience, $"after {Patience.TotalSeconds} s not yet: {what}");
            Thread.Sleep(100);
        }
    }

    public void Dispose()
    {
        Chain.Dispose();
        ward.Dispose();
    }
}

/// <summary>Silos in processes of their own, and the process that keeps them running.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SupervisedSilosTests : IClassFixture<RunningSilos>
{
    private readonly RunningSilos running;
    private readonly NodeCommands chain;

    public SupervisedSilosTests(RunningSilos running)
    {
        this.running = running;
        chain = running.Chain;

        // Whatever a test before may have left.
        if (running.Started.Length == 0) return;
        foreach (string silo in (string[])["s1", "s2", "s3"]) RunningSilos.Await($"{silo} is there", () => running.StateOf(silo) == "running active");
    }

    [ClusterFact]
    public void UpAndStatusShowEverySilo()
    {
        string[] lines = running.Started.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (int i in (int[])[1, 2, 3]) Assert.Matches($@"^s{i}        http http://127\.0\.0\.1:\d+, api http://127\.0\.0\.1:\d+/api/v1$", lines[i]);
        Assert.Equal("token     .chain/token", lines[4]);
        Assert.Matches(@"^cluster   http://127\.0\.0\.1:\d+/dashboard; any user name, the token is the password$", lines[5]);
        Assert.Matches("^ward      version 1, 2 components", lines[6]);

        JsonElement[] silos = [.. running.Status.GetProperty("silos").EnumerateArray()];
        Assert.Equal(["s1 active", "s2 active", "s3 active"], silos.Select(static one => $"{one.GetProperty("name").GetString()} {one.GetProperty("state").GetString()}"));
        Assert.Equal("""{"region":"eu"}""", silos[0].GetProperty("labels").GetRawText().Replace(" ", "").Replace("\n", ""));
        Assert.Equal(("us", "b"), (silos[2].GetProperty("labels").GetProperty("region").GetString(), silos[2].GetProperty("labels").GetProperty("zone").GetString()));
        foreach (JsonElement silo in silos)
        {
            Assert.Equal(running.Silos[silo.GetProperty("name").GetString()!].GetProperty("url").GetString(), silo.GetProperty("api").GetString());
            Assert.Equal(3, JsonElement.Parse(Get(silo, "silos")).GetArrayLength());
        }

        string shown = chain.Ok("status");
        Assert.Contains("runs 3 silos", shown);
        Assert.Matches(@"\n  s3 +active +127\.0\.0\.1:\d+ +http://127\.0\.0\.1:\d+ +region=us, zone=b ", shown);
    }

    [ClusterFact]
    public void AKilledSiloIsStartedAgainWhereItWasAndTheOthersAnswerMeanwhile()
    {
        JsonElement before = running.Silos["s1"];
        NodeCommands.Kill(before.GetProperty("pid").GetInt32());
        Assert.StartsWith("ok(", chain.Ok("call", "ward/records", "ids()"));
        RunningSilos.Await("s1 is back", () => running.StateOf("s1") == "running active");
        JsonElement after = running.Silos["s1"];
        Assert.NotEqual(before.GetProperty("pid").GetInt32(), after.GetProperty("pid").GetInt32());
        Assert.Equal(before.GetProperty("url").GetString(), after.GetProperty("url").GetString());
        Assert.Equal(before.GetProperty("http").GetString(), after.GetProperty("http").GetString());
        Assert.Contains($"chain: silo s1: process {before.GetProperty("pid").GetInt32()} ended by signal 9; it is started again in 0.25 s", chain.Log);
    }

    [ClusterFact]
    public void ADrainedSiloStaysAwayUntilItIsRestarted()
    {
        int before = running.PidOf("s2");
        Assert.Equal("silo s2 is drained; have it back with: chain restart --silo s2\n", chain.Ok("drain", "s2"));
        Assert.Equal("drained -", running.StateOf("s2"));

        // Its process is there, and says what it is; others answer calls.
        Assert.Equal("drained", JsonElement.Parse(Get(running.Silos["s2"], "status")).GetProperty("state").GetString());
        Assert.StartsWith("ok(", chain.Ok("call", "ward/records", "ids()"));
        NodeCommands.Kill(before);
        RunningSilos.Await("s2 has ended", () => running.StateOf("s2") == "ended -");
        Assert.Contains($"chain: silo s2: process {before} ended by signal 9; it is started again with: chain restart --silo s2", chain.Log);

        Assert.Matches(@"^silo s2 is active again, in process \d+\n$", chain.Ok("restart", "--silo", "s2"));
        Assert.Equal("running active", running.StateOf("s2"));
        chain.Run("drain", "s22").FailedWith(ExitCode.BadInput, "the cluster has no silo 's22'; near: 's2'");
        chain.Run("restart", "--silo", "s22").FailedWith(ExitCode.BadInput, "there is no silo 's22' here; near: 's2'");
    }

    [ClusterFact]
    public void SilosAreRestartedOneAfterTheOther()
    {
        Dictionary<string, JsonElement> before = running.Silos;
        string[] lines = chain.Ok("restart").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, JsonElement> after = running.Silos;
        Assert.Equal(["s1", "s2", "s3"], after.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(after.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => $"silo {one.Key} is active again, in process {one.Value.GetProperty("pid")}"), lines);
        foreach (string silo in after.Keys)
        {
            Assert.NotEqual(before[silo].GetProperty("pid").GetInt32(), after[silo].GetProperty("pid").GetInt32());
            Assert.Equal(before[silo].GetProperty("http").GetString(), after[silo].GetProperty("http").GetString());
            Assert.Equal("running active", running.StateOf(silo));
        }
    }

    private string Get(JsonElement silo, string path)
    {
        string url = silo.TryGetProperty("api", out JsonElement api) ? api.GetString()! : silo.GetProperty("url").GetString()!;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new("Bearer", File.ReadAllText(Path.Combine(chain.Data, "token")).Trim());
        return http.GetStringAsync($"{url}/api/v1/{path}").GetAwaiter().GetResult();
    }
}
