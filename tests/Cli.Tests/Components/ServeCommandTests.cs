using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Cli.Tests.Wasm;
using Chain.Tests;

namespace Chain.Cli.Tests.Components;

/// <summary><c>chain component serve</c> and <c>chain bench serve</c>.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class ServeCommandTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    private const string Sample = "samples/http/http-js.wasm.gz";
    private const int Interrupt = 2;
    private const int Terminate = 15;

    private static string Http => Path.Combine(Places.Shared, Sample);

    private static string Ops => Path.Combine(Places.Shared, "samples", "c", "ops-component.wasm");

    [Fact]
    public void WhatIsNoComponentIsRefusedInOneLine()
    {
        CapturedRun.Of("component", "serve", files.Pure).FailedWith(ExitCode.BadInput, $"{files.Pure} is a core module; expected a component");
        CapturedRun.Of("component", "serve", files.Missing).FailedWith(ExitCode.BadInput, $"no such file: {files.Missing}");
    }

    [SharedFact("samples/c/ops-component.wasm")]
    public void AComponentThatIsNoServiceIsRefusedInOneLine() => CapturedRun.Of("component", "serve", Ops).FailedWith(
        ExitCode.BadInput, $"{Ops} is no HTTP service: it exports demo:greet/ops, not wasi:http/incoming-handler@0.2.x");

    [Theory]
    [InlineData("--port 70000", "--port 70000: expected 0 to 65535")]
    [InlineData("--port -1", "--port -1: expected 0 to 65535")]
    [InlineData("--concurrency 0", "--concurrency 0: expected 1 to 10000")]
    [InlineData("--queue -1", "--queue -1: expected 0 or more")]
    [InlineData("--deadline 0", "--deadline 0: expected 1 or more")]
    [InlineData("--memory -1", "--memory -1: expected 0 or more")]
    [InlineData("--host example.org", "--host example.org: expected an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or [::]")]
    [InlineData("--env novalue", "--env novalue: expected NAME=VALUE")]
    [InlineData(
        "--allow-http http://example.org",
        "--allow-http: 'http://example.org' is no host to allow: expected HOST, HOST:PORT, *.DOMAIN, an IP address ([…] around IPv6 with a port) or a network such as 10.0.0.0/8")]
    public void AWrongOptionIsRefusedInOneLine(string option, string line) =>
        CapturedRun.Of(["component", "serve", files.Pure, .. option.Split(' ')]).FailedWith(ExitCode.BadInput, line);

    [SharedFact(Sample)]
    public void AnAddressThatIsTakenIsSaidInOneLine()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        CapturedRun run = CapturedRun.Of("component", "serve", Http, "--port", $"{port}");
        Assert.Equal((ExitCode.BadInput, ""), (run.ExitCode, run.Output));
        Assert.Equal($"chain: Failed to bind to address http://127.0.0.1:{port}: address already in use.", Assert.Single(run.ErrorLines));
    }

    [SharedTheory(Sample)]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public async Task AServiceAnswersUntilItIsStopped(int signal)
    {
        using Process process = Start("component", "serve", Http, "--port", "0", "--concurrency", "2", "--deadline", "120000");
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.StartsWith($"serving {Http} on http://127.0.0.1:", line);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(line!.Split(' ')[^1]), Timeout = TimeSpan.FromMinutes(2) };
        Assert.Equal("""{"path":"/a","method":"GET"}""", await client.GetStringAsync("/a?b=c"));
        Assert.Equal(0, Kill(process.Id, signal));
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((ExitCode.Ok, "", ""), (process.ExitCode, await process.StandardOutput.ReadToEndAsync(), await process.StandardError.ReadToEndAsync()));
    }

    [SharedFact(Sample)]
    public void TheBenchmarkCountsRequestsAndErrors()
    {
        CapturedRun run = CapturedRun.Of("bench", "serve", "--requests", "12", "--at-a-time", "3", "--json");
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("serve", report.GetProperty("bench").GetString());
        Dictionary<string, double> rows = report.GetProperty("rows").EnumerateArray()
            .ToDictionary(row => row.GetProperty("case").GetString()!, row => row.GetProperty("ours").GetDouble());
        foreach (string name in (string[])["reset instance", "new instance"])
        {
            Assert.Equal((12, 0), (rows[$"{name}: requests"], rows[$"{name}: errors"]));
            Assert.InRange(rows[$"{name}: p99"], rows[$"{name}: p50"], double.MaxValue);
            Assert.True(rows[$"{name}: rate"] > 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "chain.dll"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
