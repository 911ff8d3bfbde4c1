using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Chain.Cli.Components;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi.Http;

namespace Chain.Cli.Bench;

/// <summary><c>chain bench serve</c>: many HTTP requests at a time to a component that this process serves.</summary>
internal static class ServeBench
{
    private const string Sample = "samples/http/http-js.wasm.gz";

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of the table." };
        var file = new Argument<string?>("FILE") { Description = $"The component; ../shared/{Sample} by default.", Arity = ArgumentArity.ZeroOrOne };
        var requests = new Option<int>("--requests") { Description = "How many.", DefaultValueFactory = _ => 1000 };
        var atATime = new Option<int>("--at-a-time") { Description = "How many are under way at a time.", DefaultValueFactory = _ => 64 };
        var command = new Command("serve", "p50 and p99 of HTTP requests to a served component, with instances that are reset and with new ones.") { file, requests, atATime, json };
        command.SetAction((parsed, cancellation) =>
        {
            (int count, int width) = (parsed.GetValue(requests), parsed.GetValue(atATime));
            if (count is < 1 or > 10_000_000 || width is < 1 or > 10_000)
                throw new CommandException($"--requests is 1 to 10000000 and --at-a-time 1 to 10000; found {count} and {width}");
            return RunAsync(parsed.GetValue(file), count, width, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(string? file, int requests, int atATime, bool json, CancellationToken cancellation)
    {
        Func<string, string, string?> check = file is null ? CheckSample : static (_, _) => null;
        file ??= BenchFolder.FindShared(Sample) ?? throw new CommandException($"../shared/{Sample} is not on this machine; name a component", ExitCode.Unavailable);
        var report = new BenchReport("serve");
        report.Note(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}: {requests:#,0} requests a case, {atATime} at a time, over loopback from this same process"));
        int before = Math.Max(atATime, requests / 2);
        report.Note($"{before} requests before those that are measured make the first instances and have the JIT compile what they run");
        bool failed = false;
        foreach (bool isPooled in (bool[])[true, false])
        {
            var options = new HttpHostOptions { IsPooled = isPooled, Deadline = TimeSpan.FromMinutes(1), Queue = Math.Max(1000, atATime) };
            await using ServedComponent served = await ServedComponent.StartAsync(file, new Grants([], [], HttpGrants.None), new StoreLimits(), options);
            var load = new HttpLoad(served.Url, check);
            await load.RunAsync(before, atATime, cancellation);
            HttpLoadResult result = await load.RunAsync(requests, atATime, cancellation);
            failed |= Add(report, isPooled ? "reset instance" : "new instance", result);
            report.Note($"{options.Concurrency} instances at a time; the other requests wait");
        }

        report.Print(json);
        return failed ? ExitCode.Failed : ExitCode.Ok;
    }

    private static bool Add(BenchReport report, string name, HttpLoadResult result)
    {
        report.Add(new BenchRow($"{name}: requests", "", result.Count));
        report.Add(new BenchRow($"{name}: errors", "", result.Errors.Values.Sum()));
        foreach ((string error, int count) in result.Errors) report.Note($"{name}: {count} failed: {error}");
        if (result.Milliseconds.Length == 0) return true;
        report.Add(new BenchRow($"{name}: p50", "ms", result.Percentile(0.5)));
        report.Add(new BenchRow($"{name}: p99", "ms", result.Percentile(0.99)));
        report.Add(new BenchRow($"{name}: rate", "requests/s", result.RequestsPerSecond, Better: Better.Higher));
        return result.Errors.Count > 0;
    }

    // The sample answers with the path and the method: an answer that is another request's shows.
    private static string? CheckSample(string path, string body)
    {
        try
        {
            JsonElement answer = JsonDocument.Parse(body).RootElement;
            return answer.GetProperty("path").GetString() == path && answer.GetProperty("method").GetString() == "GET" ? null : "the answer to another request";
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "an answer that is not the sample's";
        }
    }
}
