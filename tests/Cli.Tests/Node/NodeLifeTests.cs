using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Cli.Tests.Components;
using Chain.Tests;

namespace Chain.Cli.Tests.Node;

/// <summary>How a node begins and ends, and what keeps it from either.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class NodeLifeTests : IDisposable
{
    private const int Terminate = 15;

    private readonly NodeCommands chain = new();

    [Fact]
    public void WhereNoNodeRunsEveryCommandSaysHowToStartOne()
    {
        string[][] commands =
            [["status"], ["down"], ["apps"], ["logs", "ward"], ["call", "ward/records", "ids()"], ["rollback", "ward"], ["apps", "remove", "ward"], ["apps", "--json"]];
        foreach (string[] command in commands) chain.Run(command).FailedWith(ExitCode.Unavailable, "no node runs in .chain; start one with: chain up");
        chain.Run("status", "--data", "there").FailedWith(ExitCode.Unavailable, "no node runs in there; start one with: chain up --data there");
        Assert.Empty(Directory.GetFileSystemEntries(chain.Folder));
    }

    [Fact]
    public void WithoutPostgresItSaysWhatToInstall()
    {
        const string Text = "PostgreSQL 15 or later is not installed (looked in $CHAIN_POSTGRES_BIN, on PATH, in /usr/lib/postgresql and .chain/postgres-dist); "
            + "install it (Debian: apt-get install postgresql), let ./chain up get it, or name your own with --postgres";
        chain.With("CHAIN_POSTGRES_BIN", "/nowhere");
        chain.Run("up", "--port", "0", "--api-port", "0").FailedWith(ExitCode.Unavailable, Text);
        chain.Run("up", "--port", "0", "--api-port", "0", "--detach").FailedWith(ExitCode.Unavailable, Text);
        chain.Run("status").FailedWith(ExitCode.Unavailable, "no node runs in .chain; start one with: chain up");
    }

    [Fact]
    public void WhatIsNoApplicationIsSaidBeforeAnythingStarts()
    {
        chain.Run("up", ".").FailedWith(ExitCode.BadInput, "no chain.yaml in .");
        chain.Run("up", "--port", "70000").FailedWith(ExitCode.BadInput, "--port 70000: expected 0 to 65535");
        chain.Run("up", "--host", "here").FailedWith(ExitCode.BadInput, "--host here: expected an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or [::]");
        Assert.False(Directory.Exists(chain.Data));
    }

    [PostgresFact]
    public void APortThatIsTakenIsNamedWithTheOptionForAnother()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string taken = ((IPEndPoint)other.LocalEndpoint).Port.ToString();
        chain.Run("up", "--port", taken, "--api-port", "0").FailedWith(ExitCode.Unavailable, $"port {taken} of 127.0.0.1 is taken; choose another with --port");
        chain.Run("up", "--port", "0", "--api-port", taken).FailedWith(ExitCode.Unavailable, $"port {taken} of 127.0.0.1 is taken; choose another with --api-port");
        chain.Run("up", "--port", "0", "--api-port", taken, "--detach").FailedWith(ExitCode.Unavailable, $"port {taken} of 127.0.0.1 is taken; choose another with --api-port");
        chain.WaitForPostgres();
    }

    [PostgresFact]
    public void AnOwnPostgresThatCannotBeReachedIsSaid()
    {
        CapturedRun away = chain.Run("up", "--postgres", "Host=/nowhere;Username=chain", "--port", "0", "--api-port", "0");
        Assert.StartsWith("chain: the store cannot be opened: ", away.Error);
        Assert.Equal((ExitCode.Unavailable, 1), (away.ExitCode, away.ErrorLines.Length));
        CapturedRun malformed = chain.Run("up", "--postgres", "nonsense", "--port", "0", "--api-port", "0");
        Assert.StartsWith("chain: --postgres: ", malformed.Error);
        Assert.Equal((ExitCode.BadInput, 1), (malformed.ExitCode, malformed.ErrorLines.Length));
    }

    [PostgresFact]
    public void WhatRanBeforeRunsAgainHoweverTheNodeEnded()
    {
        using var ward = new WardFiles();
        chain.Up(ward.Folder);
        string id = chain.Ok("call", "ward/records", WardFiles.Ada).Split('"')[1];
        ward.Write("chain.yaml", WardFiles.Manifest.Replace("path: anonymizer.wasm", "path: anonymizer.wasm\n    instances: warm"));
        Assert.Equal("ward      version 2, 2 components\n", chain.Ok("deploy", ward.Folder));
        Assert.Equal("ward      version 2, 2 components; it ran already, nothing changed\n", chain.Ok("deploy", ward.Folder));
        Assert.Equal("ward      version 1, 2 components\n", chain.Ok("rollback", "ward"));

        // As in a crash.
        NodeCommands.Kill(chain.Node.GetProperty("pid").GetInt32());
        chain.Run("status").FailedWith(ExitCode.Unavailable, "no node runs in .chain; start one with: chain up");
        ward.Write("chain.yaml", "gone");
        Assert.Contains("\nward      version 1, 2 components\n", chain.Up());
        Assert.Contains(id, chain.Ok("call", "ward/records", "ids()"));

        Assert.Equal("the node in .chain ended\n", chain.Ok("down"));
        chain.WaitForPostgres();
        Assert.Contains("\nward      version 1, 2 components\n", chain.Up());
        Assert.Equal("ward is removed\n", chain.Ok("apps", "remove", "ward"));
        Assert.Equal("the node in .chain ended\n", chain.Ok("down"));
        Assert.DoesNotContain("ward", chain.Up());
    }

    [PostgresFact]
    public async Task AForegroundNodeEndsWithASignal()
    {
        using var ward = new WardFiles();
        using Process node = chain.Start("up", "--port", "0", "--api-port", "0", ward.Folder);
        string? line;
        do line = await node.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(120));
        while (line is not null && !line.StartsWith("ward", StringComparison.Ordinal));
        Assert.Equal("ward      version 1, 2 components", line);

        // It is heard while it is up, and the stream of logs ends with it.
        using Process follower = chain.Start("logs", "ward", "-f");
        Assert.Contains("ok([])", chain.Ok("call", "ward/records", "ids()"));
        Assert.Equal(0, Kill(node.Id, Terminate));
        await node.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("ending: calls under way finish first\n", await node.StandardOutput.ReadToEndAsync());
        Assert.Equal("", await node.StandardError.ReadToEndAsync());
        Assert.Equal(0, node.ExitCode);
        await follower.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(File.Exists(Path.Combine(chain.Data, "node.json")));
        chain.WaitForPostgres();
    }

    [PostgresFact]
    public async Task ACallUnderWayFinishesBeforeTheNodeEnds()
    {
        using var files = new ComponentFiles();
        File.Copy(files.Calls, Path.Combine(chain.Folder, "calls.wasm"));
        File.WriteAllText(
            Path.Combine(chain.Folder, "chain.yaml"), "application: slow\ncomponents:\n  calls: { path: calls.wasm, limits: { deadline: 8s } }\n");
        chain.Up(".");
        using Process call = chain.Start("call", "slow/calls", "forever()");
        int instances = 0;
        for (int i = 0; i < 100 && instances == 0; i++)
            instances = JsonElement.Parse(chain.Ok("apps", "--json"))[0].GetProperty("components")[0].GetProperty("instances").GetInt32();
        Assert.Equal(1, instances);
        chain.Ok("down");
        await call.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.StartsWith("chain: timed-out: ", await call.StandardError.ReadToEndAsync());
        Assert.Equal(ExitCode.Failed, call.ExitCode);
    }

    [PostgresFact]
    public void AnApplicationThatDoesNotCheckKeepsTheNodeFromStarting()
    {
        using var ward = new WardFiles("application: ward\ncomponents:\n  records: { path: records.wasm }\n");
        CapturedRun run = chain.Run("up", "--port", "0", "--api-port", "0", "--detach", ward.Folder);
        Assert.Equal(("", ExitCode.BadInput), (run.Output, run.ExitCode));
        Assert.StartsWith($"{ward.Folder}/chain.yaml:3:3: component 'records' imports 'wasi:keyvalue/store@0.2.0-draft2' and has no grant for it", run.Error);
        Assert.Equal($"chain: {ward.Folder} was not deployed: 2 errors", run.ErrorLines[^1]);
        chain.Run("status").FailedWith(ExitCode.Unavailable, "no node runs in .chain; start one with: chain up");
        chain.WaitForPostgres();
    }

    [PostgresFact]
    public async Task WhatComponentsWriteIsInTheLog()
    {
        chain.Up(Path.Combine(Places.Repository, "examples", "clinic"));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using HttpResponseMessage response = await http.GetAsync(chain.Node.GetProperty("http").GetString() + "/nothing");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} gateway warn: gateway: 404 Not found: there is nothing at /nothing \([0-9a-f]{32}\)\n$", chain.Ok("logs", "clinic"));
        Assert.Equal("", chain.Ok("logs", "clinic", "--tail", "0"));
        Assert.Equal("gateway", JsonElement.Parse(chain.Ok("logs", "clinic", "--json")).GetProperty("component").GetString());
        using Process follower = chain.Start("logs", "clinic", "--follow");
        Assert.Contains("/nothing", await follower.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        (await http.GetAsync(chain.Node.GetProperty("http").GetString() + "/more")).Dispose();
        Assert.Contains("/more", await follower.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        chain.Ok("down");
        await follower.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, follower.ExitCode);

        // The next node has it still.
        chain.Up();
        JsonElement[] lines = [.. chain.Ok("logs", "clinic", "--json").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonElement.Parse(line))];
        Assert.Equal(["/nothing", "/more"], lines.Select(static line => line.GetProperty("text").GetString()!.Split(' ')[^1]));
        string trace = lines[1].GetProperty("trace").GetString()!;
        Assert.Contains($"/more ({trace})", chain.Ok("logs", "clinic", "--trace", trace, "--component", "gateway", "--since", "10m"));
        Assert.Equal("", chain.Ok("logs", "clinic", "--component", "records"));
        Assert.Equal("", chain.Ok("logs", "clinic", "--since", lines[1].GetProperty("at").GetDateTimeOffset().AddMilliseconds(1).ToString("O")));
    }

    public void Dispose() => chain.Dispose();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
