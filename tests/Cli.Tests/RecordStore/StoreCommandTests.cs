using System.Text.Json;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Tests.RecordStore;

public sealed class StoreCommandTests : IDisposable
{
    private readonly string _data = TestPostgres.NewFolder();

    [Fact]
    public void AFolderWithoutAStoreIsSaidSo()
    {
        CapturedRun run = CapturedRun.Of("store", "status", "--data", _data);
        Assert.Equal(ExitCode.Unavailable, run.ExitCode);
        Assert.StartsWith($"chain: there is no store in {Path.Combine(_data, "postgres")}", Assert.Single(run.ErrorLines),
            StringComparison.Ordinal);
    }

    [Fact]
    public void AConnectionStringThatIsNoneIsBadInput()
    {
        CapturedRun run = CapturedRun.Of("store", "status", "--postgres", "nonsense");
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.StartsWith("chain: --postgres: ", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void AServerThatIsNotThereIsSaidSo()
    {
        CapturedRun run = CapturedRun.Of("store", "status", "--postgres", "Host=127.0.0.1;Port=9;Username=x;Timeout=2");
        Assert.Equal(ExitCode.Unavailable, run.ExitCode);
        Assert.Single(run.ErrorLines);
    }

    [PostgresFact]
    public async Task AStoreIsMadeRecordedIntoShownExportedAndPruned()
    {
        Assert.Equal("applied 0001_tracer.sql", CapturedRun.Of("store", "migrate", "--data", _data).OutputLines[0].Split(',')[0]);
        Assert.Equal("the schema is up to date", Assert.Single(CapturedRun.Of("store", "migrate", "--data", _data).OutputLines));
        await using (PrivatePostgres server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = Path.Combine(_data,
            "postgres") }))
        {
            await RecordAsync(server.ConnectionString, 7);
            JsonElement status = JsonDocument.Parse(CapturedRun.Of("store", "status", "--data", _data, "--json").Output).RootElement;
            Assert.Equal(7, status.GetProperty("nodes")[0].GetProperty("counters").GetProperty("storedCalls").GetInt64());
            Assert.Equal(3, status.GetProperty("days").GetArrayLength());

            CapturedRun export = CapturedRun.Of("store", "export", "calls", "--since", "1h", "--data", _data);
            Assert.Equal(7, export.OutputLines.Length);
            Assert.All(export.OutputLines, line =>
                Assert.Equal("pii", JsonDocument.Parse(line).RootElement.GetProperty("label_in").GetString()));
            string file = Path.Combine(_data, "calls.csv");
            Assert.Equal(ExitCode.Ok, CapturedRun.Of("store", "export", "--format", "csv", "--output", file, "--data", _data).ExitCode);
            Assert.Equal(8, File.ReadAllLines(file).Length);

            CapturedRun.Of("store", "export", "--since", "tomorrow", "--data", _data).FailedWith(ExitCode.BadInput,
                "--since: expected a time such as 2026-11-22T10:00:00Z, a date, or how long ago such as 15m or 30d; found 'tomorrow'");
            string until = DateTime.UtcNow.AddDays(2).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
            Assert.Contains("would drop", CapturedRun.Of("store", "prune", "--before", until, "--dry-run", "--data", _data).Output);
            Assert.Contains("dropped", CapturedRun.Of("store", "prune", "--before", until, "--data", _data).Output);
            Assert.Empty(CapturedRun.Of("store", "export", "--data", _data).OutputLines);
        }
    }

    public void Dispose()
    {
        NpgsqlConnection.ClearAllPools();
        string pid = Path.Combine(_data, "postgres", "data", "postmaster.pid");
        for (int i = 0; i < 500 && File.Exists(pid); i++) Thread.Sleep(20);
        if (Directory.Exists(_data)) Directory.Delete(_data, recursive: true);
    }

    private async Task RecordAsync(string connection, int calls)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(connection);
        var (labels, names) = (new LabelStore(), new CallNames());
        await using CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names,
            new RecorderOptions { Folder = Path.Combine(_data, "spool") });
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("clinic/front"), new FunctionRef("handle")));
        LabelId pii = labels.Intern(Label.Parse("pii"));
        for (int i = 0; i < calls; i++) recorder.End(recorder.Start(default, site, pii), default);
        await recorder.FlushAsync();
    }
}
