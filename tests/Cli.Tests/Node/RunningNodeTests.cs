using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chain.Tests;

namespace Chain.Cli.Tests.Node;

/// <summary>The commands against a node in a process of its own.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class RunningNodeTests(RunningWard running) : IClassFixture<RunningWard>
{
    private readonly NodeCommands chain = running.Chain;

    [PostgresFact]
    public void UpSaysWhereTheNodeIs()
    {
        string[] lines = running.Started.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches($"^postgres  PostgreSQL \\S+.*, private, in \\S+$", lines[0]);
        Assert.Matches(@"^api       http://127\.0\.0\.1:\d+/api/v1, token in \.chain/token$", lines[1]);
        Assert.Matches(@"^http      http://127\.0\.0\.1:\d+$", lines[2]);
        Assert.Equal("ward      version 1, 2 components", lines[3]);
        Assert.Equal("log       .chain/node.log", lines[4]);
        Assert.Equal($"it runs in process {chain.Node.GetProperty("pid").GetInt32()}; end it with: chain down", lines[5]);
        Assert.Equal(6, lines.Length);
    }

    [PostgresFact]
    public void ACallPrintsItsResultAndItsChainApart()
    {
        CapturedRun added = chain.Run("call", "ward/records", WardFiles.Ada);
        Assert.Matches("^ok\\(\"p\\d+\"\\)\n$", added.Output);
        Assert.Matches("^trace [0-9a-f]{32}\n$", added.Error);
        string id = added.Output.Split('"')[1];

        CapturedRun allowed = chain.Run("call", "ward/anonymizer", $"anonymize(\"{id}\")");
        Assert.StartsWith("ok({", allowed.Output);
        Assert.Equal(0, allowed.ExitCode);

        CapturedRun denied = chain.Run("call", "ward/records", $"store#get(\"{id}\")");
        Assert.Equal(("", ExitCode.Failed), (denied.Output, denied.ExitCode));
        Assert.Matches("^chain: denied: pii would leave by ward/records\ntrace [0-9a-f]{32}\n$", denied.Error);

        JsonElement json = JsonElement.Parse(chain.Run("call", "ward/records", "ids()", "--json").Output);
        Assert.Contains(id, json.GetProperty("value").GetProperty("ok").EnumerateArray().Select(static one => one.GetString()));
    }

    [PostgresFact]
    public void TheRecordAndThePoliciesCanBeAskedWhileTheNodeRuns()
    {
        string id = chain.Ok("call", "ward/records", WardFiles.Ada).Split('"')[1];
        CapturedRun denied = chain.Run("call", "ward/records", $"get(\"{id}\")");
        string trace = TraceId().Match(denied.Error).Groups[1].Value;
        string waterfall = "";
        // The record is written behind the call.
        for (int i = 0; i < 50 && !waterfall.Contains("denied"); i++) waterfall = chain.Run("trace", trace).Output;
        Assert.Contains("ward/records clinic:records/store#get", waterfall);
        Assert.Contains("denied", waterfall);
        Assert.Contains(trace, chain.Ok("traces", "--limit", "1000"));
        Assert.Contains("pii-stays-inside", chain.Ok("alerts"));
        Assert.Contains("pii-stays-inside", chain.Ok("policy", "history"));
        Assert.Contains("private, in", chain.Ok("store", "status"));

        // None of them took the store away from the node.
        JsonElement status = JsonElement.Parse(chain.Ok("status", "--json"));
        Assert.True(status.GetProperty("store").GetProperty("isUp").GetBoolean());
        Assert.True(status.GetProperty("denied").GetInt64() >= 1);
        Assert.Equal(0, status.GetProperty("recorder").GetProperty("lostCalls").GetInt64());
    }

    [PostgresFact]
    public void StatusAndAppsShowWhatRuns()
    {
        string status = chain.Ok("status");
        Assert.Contains("\ncalls     ", status);
        Assert.Contains("\npolicies  1, set sha256:", status);
        Assert.Matches(@"\n  ward +1  anonymizer +\d+\n", status);
        Assert.Matches(@"\n  ward +1 +2 +\d+\n", chain.Ok("apps"));
        string ward = chain.Ok("apps", "ward");
        Assert.Contains("active", ward);
        Assert.Contains("ward/records     clinic:records/store#get(id)", ward);
        Assert.Equal("ward", JsonElement.Parse(chain.Ok("apps", "--json"))[0].GetProperty("name").GetString());
    }

    [PostgresFact]
    public void TheOneThatRunsAlreadyIsNamed()
    {
        JsonElement node = chain.Node;
        string here = $"a node runs in .chain already (process {node.GetProperty("pid").GetInt32()}, {node.GetProperty("url").GetString()}); stop it with: chain down";
        chain.Run("up").FailedWith(ExitCode.BadInput, here);
        chain.Run("up", "--detach").FailedWith(ExitCode.BadInput, here);
    }

    [PostgresFact]
    public void MistypedNamesFindTheirNeighbours()
    {
        chain.Run("call", "wards/records", "ids()").FailedWith(ExitCode.BadInput, "there is no application 'wards'; near: 'ward'");
        chain.Run("call", "ward/recrods", "ids()").FailedWith(ExitCode.BadInput, "ward has no component 'recrods'; near: 'records'");
        chain.Run("call", "ward/records", "idz()").FailedWith(ExitCode.BadInput, "ward/records exports no function 'idz'; near: 'ids'");
        chain.Run("call", "ward/records", "get(7)").FailedWith(ExitCode.BadInput, "CALL 'get(7)', column 5: expected a string in double quotes, found '7'");
        chain.Run("call", "records", "ids()").FailedWith(ExitCode.BadInput, "APP/COMPONENT: expected such as clinic/records, found 'records'");
        chain.Run("logs", "wards").FailedWith(ExitCode.BadInput, "there is no application 'wards'; near: 'ward'");
        chain.Run("rollback", "wards").FailedWith(ExitCode.BadInput, "there is no application 'wards'; near: 'ward'");
        chain.Run("rollback", "ward", "--to", "9").FailedWith(ExitCode.BadInput, "ward has no version 9; it has version 1");
        chain.Run("apps", "wards").FailedWith(ExitCode.BadInput, "there is no application 'wards'; near: 'ward'");
    }

    [PostgresFact]
    public void WhatDoesNotDeploySaysWhyAndWhere()
    {
        using var files = new WardFiles("application: other\ncomponents:\n  records:\n    path: records.wasm\n    instanses: warm\n");
        Refused(files, "1 error", "chain.yaml:5:5: component 'records' has no key 'instanses'; did you mean 'instances'?\n  |     instanses: warm\n  |     ^\n");
        files.Write("chain.yaml", "application: other\ncomponents: {\n");
        Refused(files, "1 error", "chain.yaml:3:1: not YAML: while parsing a node, did not find expected node content\n");
        files.Write("chain.yaml", "components:\n  records: { path: records.wasm\n  x: 5");
        Refused(files, "1 error", "chain.yaml:2:14: not YAML: a bracket or a brace before the end of the file is not closed\n");
        files.Write("chain.yaml", "application: other\ncomponents:\n  anonymizer: { path: anonymizer.wasm }\n");
        Refused(files, "1 error", "chain.yaml:3:3: component 'anonymizer' imports 'clinic:records/store', which nothing offers; no component exports anything like it\n");
        files.Write("chain.yaml", "application: other\ncomponents:\n  records: { path: records.wasm }\n");
        Refused(
            files, "2 errors",
            "chain.yaml:3:3: component 'records' imports 'wasi:keyvalue/store@0.2.0-draft2' and has no grant for it; add to its grants keyvalue: [BUCKET, …], or keyvalue: [] to refuse every bucket\n");
        File.Delete(Path.Combine(files.Folder, "chain.yaml"));
        chain.Run("deploy", files.Folder).FailedWith(ExitCode.BadInput, $"no chain.yaml in {files.Folder}");
        chain.Run("deploy", files.Folder + "-none").FailedWith(ExitCode.BadInput, $"no such file: {files.Folder}-none");
        Assert.DoesNotContain("other", chain.Ok("apps"));
    }

    [PostgresFact]
    public void AnotherTokenIsRefused()
    {
        string file = Path.Combine(chain.Data, "token");
        string right = File.ReadAllText(file);
        File.WriteAllText(file, new string('x', 43) + "\n");
        try
        {
            chain.Run("status").FailedWith(
                ExitCode.BadInput, "the node in .chain refuses the token in .chain/token: it was changed since the node started; put the old one back, or start the node again");
        }
        finally
        {
            File.WriteAllText(file, right);
        }
    }

    private void Refused(WardFiles files, string count, string error)
    {
        CapturedRun run = chain.Run("deploy", files.Folder);
        Assert.Equal(("", ExitCode.BadInput), (run.Output, run.ExitCode));
        Assert.StartsWith($"{files.Folder}/{error}", run.Error);
        Assert.Equal($"chain: {files.Folder} was not deployed: {count}", run.ErrorLines[^1]);
    }

    [GeneratedRegex("trace ([0-9a-f]{32})")]
    private static partial Regex TraceId();
}
