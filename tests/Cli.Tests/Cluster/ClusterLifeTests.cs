using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Cli.Tests.Components;
using Chain.Cli.Tests.Node;
using Chain.Tests;
using Npgsql;

namespace Chain.Cli.Tests.Cluster;

/// <summary>How silos begin and end together, and what keeps them from it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class ClusterLifeTests : IDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly NodeCommands chain = new();

    [ClusterFact]
    public async Task WhereTheProcessThatRunsThemIsKilledTheSilosEndToo()
    {
        chain.Up("--silos", "2");
        Process[] silos = Silos();
        NodeCommands.Kill(chain.Node.GetProperty("pid").GetInt32());
        foreach (Process silo in silos) await silo.WaitForExitAsync().WaitAsync(Patience);
        chain.WaitForPostgres();
        foreach (string silo in (string[])["s1", "s2"])
            Assert.EndsWith("ending: calls under way finish first\n", await File.ReadAllTextAsync(Path.Combine(chain.Data, "silos", silo, "node.log")));
        chain.Run("status").FailedWith(ExitCode.Unavailable, "no node runs in .chain; start one with: chain up");
    }

    [ClusterFact]
    public async Task OneSignalLetsCallsFinishAndASecondOneDoesNot()
    {
        using var files = new ComponentFiles();
        File.Copy(files.Calls, Path.Combine(chain.Folder, "calls.wasm"));
        File.WriteAllText(Path.Combine(chain.Folder, "chain.yaml"), "application: slow\ncomponents:\n  calls: { path: calls.wasm, limits: { deadline: 5s } }\n");
        using (Process up = await StartAsync())
        {
            using Process call = await CallAsync();
            Assert.Equal(0, Kill(up.Id, Terminate));
            await call.WaitForExitAsync().WaitAsync(Patience);
            Assert.StartsWith("chain: timed-out: ", await call.StandardError.ReadToEndAsync());
            await up.WaitForExitAsync().WaitAsync(Patience);
            Assert.EndsWith("ending: calls under way finish first\n", await up.StandardOutput.ReadToEndAsync());
            Assert.Equal((0, ""), (up.ExitCode, await up.StandardError.ReadToEndAsync()));
            chain.WaitForPostgres();
        }

        // Its calls may take longer than a silo waits for them.
        File.WriteAllText(Path.Combine(chain.Folder, "chain.yaml"), "application: slow\ncomponents:\n  calls: { path: calls.wasm, limits: { deadline: 600s } }\n");
        using (Process up = await StartAsync())
        {
            using Process call = await CallAsync();
            Process[] silos = Silos();
            Assert.Equal(0, Kill(up.Id, Terminate));
            Assert.Equal("ending: calls under way finish first", await up.StandardOutput.ReadLineAsync().WaitAsync(Patience));
            Assert.Equal(0, Kill(up.Id, Terminate));
            await up.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(128 + Terminate, up.ExitCode);
            foreach (Process silo in silos) await silo.WaitForExitAsync().WaitAsync(Patience);
            await call.WaitForExitAsync().WaitAsync(Patience);
            Assert.NotEqual(0, call.ExitCode);
            Assert.Equal("", await call.StandardOutput.ReadToEndAsync());
        }
    }

    [ClusterFact]
    public void WhatKeepsOneSiloFromStartingIsSaidAndNothingStaysBehind()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int taken = ((IPEndPoint)other.LocalEndpoint).Port;
        chain.Run("up", "--silos", "2", "--port", $"{taken - 1}", "--api-port", "0").FailedWith(
            ExitCode.Unavailable, $"port {taken} of 127.0.0.1 is taken; choose another with --port");
        chain.WaitForPostgres();
        chain.Run("status").FailedWith(ExitCode.Unavailable, "no node runs in .chain; start one with: chain up");
    }

    [ClusterFact]
    public async Task SilosOnOneStoreAreOneClusterWhoeverStartsThem()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync(migrate: false);
        using var second = new NodeCommands();
        foreach ((NodeCommands one, string name) in new[] { (chain, "left"), (second, "right") })
        {
            one.With("CHAIN_POSTGRES", await TestPostgres.ConnectionStringAsync(database));
            string shown = one.Up("--join", "--name", name, "--label", $"region={name}");
            Assert.Contains("/dashboard; any user name, the token is the password\n", shown);
        }

        foreach (NodeCommands one in (NodeCommands[])[chain, second])
        {
            Assert.Equal(
                ["left active left", "right active right"],
                JsonElement.Parse(one.Ok("status", "--json")).GetProperty("silos").EnumerateArray().Select(
                    static silo => $"{Text(silo, "name")} {Text(silo, "state")} {Text(silo.GetProperty("labels"), "region")}"));
        }

        Assert.Equal("silo right is drained; its process can be ended\n", chain.Ok("drain", "right"));
        Assert.Equal("drained", Text(JsonElement.Parse(second.Ok("status", "--json")), "state"));
        Assert.Single(JsonElement.Parse(chain.Ok("status", "--json")).GetProperty("silos").EnumerateArray());
        Assert.Equal("the node in .chain ended\n", second.Ok("down"));
        Assert.Equal("the node in .chain ended\n", chain.Ok("down"));
    }

    [ClusterFact]
    public void AStoreThatCannotBeReachedIsSaid()
    {
        CapturedRun away = chain.Run("up", "--join", "Host=/nowhere;Username=chain", "--port", "0", "--api-port", "0");
        Assert.StartsWith("chain: the store cannot be opened: ", away.Error);
        Assert.Equal((ExitCode.Unavailable, 1), (away.ExitCode, away.ErrorLines.Length));
        CapturedRun malformed = chain.Run("up", "--join", "nonsense", "--port", "0", "--api-port", "0");
        Assert.StartsWith("chain: --join: ", malformed.Error);
        Assert.Equal((ExitCode.BadInput, 1), (malformed.ExitCode, malformed.ErrorLines.Length));
        CapturedRun several = chain.Run("up", "--silos", "2", "--postgres", "Host=/nowhere;Username=chain", "--port", "0", "--api-port", "0");
        Assert.StartsWith("chain: the store cannot be opened: ", several.Error);
        Assert.Equal((ExitCode.Unavailable, 1), (several.ExitCode, several.ErrorLines.Length));
    }

    public void Dispose() => chain.Dispose();

    /// <summary>Starts two silos with the application of this folder, in the foreground, and waits until it runs.</summary>
    private async Task<Process> StartAsync()
    {
        Process up = chain.Start("up", "--silos", "2", "--port", "0", "--api-port", "0", ".");
        string? line;
        do line = await up.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        while (line is not null && !line.StartsWith("slow", StringComparison.Ordinal));
        Assert.NotNull(line);
        return up;
    }

    /// <summary>Makes a call that does not end by itself, and waits until it is under way.</summary>
    private async Task<Process> CallAsync()
    {
        Process call = chain.Start("call", "slow/calls", "forever()");
        var clock = Stopwatch.StartNew();
        while (JsonElement.Parse(chain.Ok("apps", "--json"))[0].GetProperty("components")[0].GetProperty("instances").GetInt32() == 0)
        {
            Assert.True(clock.Elapsed < Patience && !call.HasExited, "the call is not under way");
            await Task.Delay(50);
        }

        return call;
    }

    private Process[] Silos() =>
        [.. chain.Node.GetProperty("silos").EnumerateArray().Select(static silo => Process.GetProcessById(silo.GetProperty("pid").GetInt32()))];

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
