using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chain.Tests;
using Chain.Tracer.Calls;

namespace Chain.Cli.Tests.Lineage;

public sealed class LineageCommandTests
{
    private static readonly Lazy<Task<ClinicRecord>> Record = new(ClinicRecord.StoreAsync);

    [PostgresFact]
    public async Task WhyTellsTheWayFromTheSourceThroughState()
    {
        ClinicRecord record = await Record.Value;
        CapturedRun run = Run(record, "why", "pii", "mailer");

        Assert.Equal("", run.Error);
        Assert.Equal(
            "mailer has pii because of data that got it 3 steps before:|" +
            $"    what was given by clinic/records clinic:records/store#get ({record.Get}) at TIME|" +
            $"  → was given on by clinic/front, as may be, to clinic/notes clinic:notes/book#summarize ({record.Summarize}) [pii,user=alice] at TIME|" +
            "  → passed through it into what it gave [pii,user=alice]|" +
            $"  → was read by clinic/mailer clinic:mail/out#send ({record.Send}) from state key 'summary [x]\\u{{1b}}' of clinic/notes (default), where the former had written it [pii,user=alice] at TIME",
            System.Text.RegularExpressions.Regex.Replace(string.Join('|', run.OutputLines), @"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", "TIME"));
    }

    [PostgresFact]
    public async Task WhySaysSoWhereATagNeverWas()
    {
        ClinicRecord record = await Record.Value;

        Assert.Equal("nightly never had secret in what the store keeps.\n", Run(record, "why", "secret", "nightly").Output);
        Assert.Equal($"{record.Mail} never had pii.\n", Run(record, "why", "pii", record.Mail.ToString()).Output);
        Assert.False(JsonNode.Parse(Run(record, "why", "pii", record.Mail.ToString(), "--json").Output)!["found"]!.GetValue<bool>());
    }

    [PostgresFact]
    public async Task AncestorsCrossTracesAndDescendantsComeBack()
    {
        ClinicRecord record = await Record.Value;
        JsonNode ancestors = JsonNode.Parse(Run(record, "lineage", "ancestors", record.Send.ToString(), "--json").Output)!;
        JsonNode descendants = JsonNode.Parse(Run(record, "lineage", "descendants", $"{record.Get}:out", "--tag", "pii", "--json").Output)!;

        Assert.Equal(new[] { record.Visit, record.Get, record.Summarize, record.Hostile, record.Mail }.Select(id => id.ToString()), ancestors["calls"]!.AsArray().Select(call => (string)call!["id"]!));
        Assert.Contains(record.Send.ToString(), descendants["calls"]!.AsArray().Select(call => (string)call!["id"]!));
        Assert.DoesNotContain(record.Mail.ToString(), descendants["calls"]!.AsArray().Select(call => (string)call!["id"]!));
        Assert.Contains(ancestors["edges"]!.AsArray(), edge => (string)edge!["kind"]! == "state" && (string)edge["state"]!["key"]! == "summary [x]\u001b");
    }

    [PostgresFact]
    public async Task TracesPassTheFilters()
    {
        ClinicRecord record = await Record.Value;
        string visit = TraceId.Of(record.Visit).ToString(), mail = TraceId.Of(record.Mail).ToString();

        Assert.Equal([mail, visit], Traces());
        Assert.Equal([mail], Traces("--limit", "1"));
        Assert.Equal([mail], Traces("--outcome", "denied"));
        Assert.Equal([visit], Traces("--component", "records"));
        Assert.Equal([mail], Traces("--function", "send"));
        Assert.Equal([visit], Traces("--tag", "user=alice", "--component", "clinic/notes"));
        Assert.Equal([], Traces("--tag", "user=bob"));
        Assert.Equal([mail], Traces("--min-duration", "8ms"));
        Assert.Equal([], Traces("--since", "1m"));
        Assert.Equal([mail, visit], Traces("--since", "1h"));

        string[] Traces(params string[] filters) => [.. JsonNode.Parse(Run(record, ["traces", "--json", .. filters]).Output)!.AsArray().Select(trace => (string)trace!["trace"]!)];
    }

    [PostgresFact]
    public async Task HostileNamesReachNoTerminalAndNoMarkup()
    {
        ClinicRecord record = await Record.Value;
        foreach (string[] command in (string[][])
                 [
                     ["trace", TraceId.Of(record.Visit).ToString()], ["traces"], ["lineage", "ancestors", record.Send.ToString()], ["lineage", "tag", "pii"],
                     ["why", "pii", record.Hostile.ToString()], ["lineage", "ancestors", record.Send.ToString(), "--dot"],
                 ])
        {
            CapturedRun run = Run(record, command);
            Assert.Equal(0, run.ExitCode);
            Assert.DoesNotContain(run.Output, c => char.IsControl(c) && c != '\n');
            Assert.DoesNotContain('\u202e', run.Output);
        }

        Assert.Contains("[red]evil[/]", Run(record, "trace", record.Visit.ToString()).Output);
        JsonNode json = JsonNode.Parse(Run(record, "trace", record.Visit.ToString(), "--json").Output)!;
        Assert.Contains(json["calls"]!.AsArray(), call => (string)call!["callee"]! == ClinicRecord.HostileComponent + "@sha256:aa" && (string)call["function"]! == ClinicRecord.HostileFunction);
    }

    [PostgresFact]
    public async Task WhatIsNotThereIsOneLineAndBadInput()
    {
        ClinicRecord record = await Record.Value;
        Run(record, "trace", "00000000000000ff").FailedWith(ExitCode.BadInput, "there is no call 00000000000000ff in the store");
        Run(record, "trace", "0000000000000000000000000000000f").FailedWith(ExitCode.BadInput, "there is no trace 0000000000000000000000000000000f in the store");
        Run(record, "trace", "nonsense\u001b").FailedWith(ExitCode.BadInput, "ID: expected a trace's 32 hexadecimal digits or a call's 16; found 'nonsense\\u{1b}'");
        Run(record, "lineage", "ancestors", "7fffffffffffffff").FailedWith(ExitCode.BadInput, "there is no call 7fffffffffffffff in the store");
        Run(record, "lineage", "ancestors", "12:up").FailedWith(ExitCode.BadInput, "CALL: expected a call's 16 hexadecimal digits, perhaps with ':in' or ':out'; found '12:up'");
        Run(record, "lineage", "path", record.Get.ToString(), "00000000000000ff").FailedWith(ExitCode.BadInput, "there is no call 00000000000000ff in the store");
        Run(record, "why", "pii", "mailr").FailedWith(ExitCode.BadInput, "AT: there is no component 'mailr' in the store, and it is no call's 16 hexadecimal digits; there are 'app/[red]evil[/]\\u{1b}[31m\\u{202e}\"}|<x>', 'clinic/front', 'clinic/mailer' and 4 more");
        Run(record, "why", "p i", "mailer").FailedWith(ExitCode.BadInput, "TAG: tag 'p i': a name is made of A-Z a-z 0-9 _ . : / -, found ' '");
        Run(record, "traces", "--outcome", "sad").FailedWith(ExitCode.BadInput, "--outcome: expected returned, error, trapped, timed-out, cancelled, denied, not-started or lost; found 'sad'");
        Run(record, "traces", "--min-duration", "long").FailedWith(ExitCode.BadInput, "--min-duration: expected a time such as 250us, 20ms or 3s; found 'long'");
    }

    [PostgresFact]
    public async Task AnEmptyStoreIsNoError()
    {
        string connection;
        await using (Npgsql.NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync())
        await using (Npgsql.NpgsqlConnection open = await database.OpenConnectionAsync())
        {
            connection = new Npgsql.NpgsqlConnectionStringBuilder(await TestPostgres.ConnectionStringAsync()) { Database = open.Database }.ConnectionString;
        }

        Assert.Equal("no trace passes the filters\n", CapturedRun.Of("traces", "--postgres", connection).Output);
        Assert.Equal("no call had it\n", CapturedRun.Of("lineage", "tag", "pii", "--postgres", connection).Output);
        CapturedRun.Of("trace", "00000000000000ff", "--postgres", connection).FailedWith(ExitCode.BadInput, "there is no call 00000000000000ff in the store");
    }

    [PostgresFact]
    public async Task AnAnswerPastTheLimitSaysThatItIsCut()
    {
        ClinicRecord record = await Record.Value;
        CapturedRun run = Run(record, "lineage", "ancestors", record.Send.ToString(), "--max-calls", "2", "--json");

        Assert.Equal("chain: stopped after 2 calls; there may be more (see --max-calls)\n", run.Error);
        Assert.True(JsonNode.Parse(run.Output)!["truncated"]!.GetValue<bool>());
        Run(record, "why", "pii", "mailer", "--max-calls", "2").FailedWith(ExitCode.BadInput, "no way was found among the first 2 calls that were read; a higher limit may find one");
    }

    [ProvFact]
    public async Task ProvJsonIsReadAndWrittenBackUnchangedByPythonProv()
    {
        ClinicRecord record = await Record.Value;
        foreach (string[] command in (string[][])[["lineage", "ancestors", record.Send.ToString(), "--prov"], ["why", "pii", "mailer", "--prov"], ["why", "pii", record.Mail.ToString(), "--prov"]])
        {
            string written = Run(record, command).Output;
            string back = await PythonAsync("import sys, prov.model as m; sys.stdout.write(m.ProvDocument.deserialize(content=sys.stdin.read(), format='json').serialize(format='json'))", written);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(written), JsonNode.Parse(back)), $"written:\n{written}\nread back:\n{back}");
        }
    }

    private static CapturedRun Run(ClinicRecord record, params string[] arguments) => CapturedRun.Of([.. arguments, "--postgres", record.Connection]);

    private static async Task<string> PythonAsync(string program, string input)
    {
        using Process process = Process.Start(new ProcessStartInfo(ProvFactAttribute.Python, ["-c", program]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return await output;
    }
}

/// <summary>A fact that needs Postgres and Debian's python3-prov; skipped, with that reason, on a machine that lacks one.</summary>
internal sealed class ProvFactAttribute : FactAttribute
{
    public const string Python = "/usr/bin/python3";

    public ProvFactAttribute()
    {
        if (Tracer.Storage.PostgresBinaries.Search() is null) Skip = "needs PostgreSQL 15 or later (apt-get install postgresql)";
        else if (!Directory.Exists("/usr/lib/python3/dist-packages/prov") || !File.Exists(Python)) Skip = "needs python3-prov (apt-get install python3-prov)";
    }
}
