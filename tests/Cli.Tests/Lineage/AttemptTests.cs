using System.Text.Json.Nodes;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Tests.Lineage;

/// <summary>A call that was sent again, and answered by another silo, as the commands tell it.</summary>
public sealed class AttemptTests
{
    private static readonly CallSite Get = new(new ComponentRef("clinic/front"), new ComponentRef("clinic/records"), new FunctionRef("get"));

    [PostgresFact]
    public async Task TheCommandsSayWhereACallRanAndWhichAttemptItWas()
    {
        (string connection, CallId root, CallId first, CallId second) = await StoreAsync();

        string[] trace = Run("trace", root.ToString()).OutputLines;
        Assert.EndsWith("clinic/front handle  – → pii", Assert.Single(trace, line => line.StartsWith(root.ToString(), StringComparison.Ordinal)));
        Assert.EndsWith("clinic/records get  not-started, on s2", Assert.Single(trace, line => line.StartsWith(first.ToString(), StringComparison.Ordinal)));
        Assert.EndsWith("clinic/records get  attempt 2 on s3  – → pii", Assert.Single(trace, line => line.StartsWith(second.ToString(), StringComparison.Ordinal)));

        JsonNode json = JsonNode.Parse(Run("trace", root.ToString(), "--json").Output)!;
        JsonNode again = Assert.Single(json["calls"]!.AsArray(), call => (string)call!["id"]! == second.ToString())!;
        Assert.Equal(("here", "s3", 2), ((string)again["node"]!, (string)again["host"]!, (int)again["attempt"]!));
        JsonNode outer = Assert.Single(json["calls"]!.AsArray(), call => (string)call!["id"]! == root.ToString())!;
        Assert.True(outer["host"] is null && outer["attempt"] is null);

        Assert.Equal(TraceId.Of(root).ToString(), (string)Assert.Single(JsonNode.Parse(Run("traces", "--outcome", "not-started", "--json").Output)!.AsArray())!["trace"]!);
        Assert.Empty(JsonNode.Parse(Run("traces", "--outcome", "lost", "--json").Output)!.AsArray());
        Assert.Contains($"clinic/records get ({second}, attempt 2 on s3)", Run("why", "pii", $"{root}:out").Output);
        Assert.Contains("clinic/records get, attempt 2 on s3", Run("lineage", "ancestors", $"{root}:out").Output);
        Assert.Contains("clinic/records get, attempt 2 on s3", Run("lineage", "tag", "pii").Output);
        Assert.Contains($@"{second}\nattempt 2\non s3|", Run("lineage", "ancestors", $"{root}:out", "--dot").Output);

        CapturedRun Run(params string[] command)
        {
            CapturedRun run = CapturedRun.Of([.. command, "--postgres", connection]);
            Assert.Equal(("", 0), (run.Error, run.ExitCode));
            return run;
        }
    }

    private static async Task<(string Connection, CallId Root, CallId First, CallId Second)> StoreAsync()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string folder = TestPostgres.NewFolder();
        var (labels, names) = (new LabelStore(), new CallNames());
        LabelId pii = labels.Intern(Label.Parse("pii"));
        CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names, new RecorderOptions { Folder = folder, Name = "here" });
        ActiveCall root = recorder.Start(default, names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("clinic/front"), new FunctionRef("handle"))), default);
        ActiveCall first = recorder.Start(root.Context, names.Intern(Get), default);
        recorder.End(first, new CallEnd { Outcome = CallOutcome.NotStarted, Site = names.Intern(Get with { Host = "s2" }) });
        ActiveCall second = recorder.Start(root.Context, names.Intern(Get with { Attempt = 2 }), default);
        recorder.End(second, new CallEnd { Site = names.Intern(Get with { Host = "s3", Attempt = 2 }), LabelOut = pii });
        recorder.End(root, new CallEnd { LabelOut = pii });
        await recorder.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        return (await TestPostgres.ConnectionStringAsync(database), root.Id, first.Id, second.Id);
    }
}
