using System.Diagnostics;
using Chain.PolicyEngine.Tests.Alerts;
using Chain.Tests;
using Npgsql;

namespace Chain.Cli.Tests.Alerts;

/// <summary>The outbox across processes. `chain bench alerts --outage 60` is the long version.</summary>
public sealed class OutboxTests
{
    [PostgresFact]
    public async Task ANoticeIsDeliveredOnceThoughTheReceiverIsDownAndTheProcessIsKilled()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        // The data source's own connection string leaves the password out.
        string connection = await TestPostgres.ConnectionStringAsync(database);
        int port = TestReceiver.FreePort();
        string folder = Directory.CreateTempSubdirectory("chain-outbox-").FullName;
        string config = Path.Combine(folder, "alerts.yaml");
        await File.WriteAllTextAsync(config, $"receivers:\n  - name: hook\n    webhook: http://127.0.0.1:{port}/hook\n");
        Process first = Start("alerts", "send", "--config", config, "--postgres", connection);
        Process? second = null;
        try
        {
            using (Process raise = Start("alerts", "raise", "--config", config, "--postgres", connection))
            {
                await raise.WaitForExitAsync();
                Assert.Equal(0, raise.ExitCode);
            }

            await WaitAsync(database, "SELECT count(*) FROM notice WHERE error IS NOT NULL");
            first.Kill();
            await first.WaitForExitAsync();
            second = Start("alerts", "send", "--config", config, "--postgres", connection);
            await Task.Delay(TimeSpan.FromSeconds(2));
            using var receiver = new TestReceiver(port);
            Assert.Single(await receiver.WaitAsync(1, seconds: 60));
            await WaitAsync(database, "SELECT count(*) FROM notice WHERE delivered IS NOT NULL");
            await Task.Delay(TimeSpan.FromSeconds(1));
            Assert.Equal(1, receiver.Requests);
        }
        finally
        {
            Stop(first);
            if (second is not null) Stop(second);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task WaitAsync(NpgsqlDataSource database, string count)
    {
        await using NpgsqlCommand command = database.CreateCommand(count);
        for (int i = 0; i < 3_000; i++)
        {
            if ((long)(await command.ExecuteScalarAsync())! > 0) return;
            await Task.Delay(10);
        }

        Assert.Fail($"still 0 after 30 s: {count}");
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "chain.dll"), .. arguments]) { RedirectStandardOutput = true })!;

    private static void Stop(Process process)
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
