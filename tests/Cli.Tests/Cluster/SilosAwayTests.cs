using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Chain.Cli.Tests.Node;
using Chain.Silo.Api;
using Chain.Tests;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Commands ask the silos of <c>node.json</c> one after the other.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SilosAwayTests(RunningWard running) : IClassFixture<RunningWard>
{
    [PostgresFact]
    public void TheNextSiloIsAskedWhereOneIsAway()
    {
        using var chain = new NodeCommands();
        using NodeFolder folder = NodeFolder.Take(chain.Data);
        File.Copy(Path.Combine(running.Chain.Data, "token"), Path.Combine(chain.Data, "token"));
        string here = running.Chain.Node.GetProperty("url").GetString()!, away = $"http://127.0.0.1:{FreePort()}";

        folder.Announce(Describe(away, here));
        Assert.StartsWith("ok(", chain.Ok("call", "ward/records", "ids()"));
        Assert.Contains($"api       {here}/api/v1\n", chain.Ok("status"));

        folder.Announce(Describe(away, away));
        CapturedRun none = chain.Run("call", "ward/records", "ids()");
        Assert.StartsWith($"chain: no silo in .chain answers; the last one, at {away}: ", none.Error);
        Assert.Equal(ExitCode.Unavailable, none.ExitCode);
        folder.Withdraw();
    }

    [PostgresFact]
    public void ANodeByItselfHasNoSilosToDrainOrRestart()
    {
        string name = running.Chain.Ok("status").Split('\n')[0].Split(' ', ',')[6];
        running.Chain.Run("drain", "s1").FailedWith(ExitCode.BadInput, $"{name} is a node by itself; silos are started with: chain up --silos N");
        running.Chain.Run("restart").FailedWith(
            ExitCode.BadInput, "no process runs silos here: what runs is a node by itself; end and start it with: chain down, chain up");
    }

    private static NodeDescription Describe(params string[] urls) => new(
        urls[0], "http://127.0.0.1:1", 1, "0", DateTimeOffset.UnixEpoch, Silos: [.. urls.Select(static (url, i) => new SiloDescription($"s{i + 1}", url, "http://127.0.0.1:1", 1))]);

    // Nobody listens there; that somebody begins to between here and the test is not to be feared on loopback.
    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
