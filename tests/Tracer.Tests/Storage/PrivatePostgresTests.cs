using System.Diagnostics;
using Chain.Tests;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Tracer.Tests.Storage;

public sealed class PrivatePostgresTests
{
    [PostgresFact]
    public async Task TwoThatStartAtOnceShareOneServerThatStopsWithTheLast()
    {
        string folder = TestPostgres.NewFolder();
        var options = new PrivatePostgresOptions { Folder = folder, SharedBuffers = "32MB" };
        PrivatePostgres[] owners = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ =>
            Task.Run(() => PrivatePostgres.StartAsync(options))));
        int server = owners[0].ServerProcessId;
        Assert.All(owners, owner => Assert.Equal(server, owner.ServerProcessId));
        if (Environment.UserName == "root") Assert.NotEqual("0", UidOf(server));

        await owners[0].DisposeAsync();
        await owners[1].DisposeAsync();
        await Task.Delay(300);
        Assert.Equal(1, await AskAsync(owners[2]));

        await owners[2].DisposeAsync();
        await owners[2].WaitForStopAsync(TimeSpan.FromSeconds(30));
        Assert.Throws<StoreException>(() => owners[2].ServerProcessId);

        // The data are still there for whoever comes next.
        await using (PrivatePostgres next = await PrivatePostgres.StartAsync(options)) Assert.Equal(1, await AskAsync(next));
        await owners[2].WaitForStopAsync(TimeSpan.FromSeconds(30));
        Directory.Delete(folder, recursive: true);
    }

    [PostgresFact]
    public async Task AServerWhoseOwnerWasKilledStops()
    {
        string folder = TestPostgres.NewFolder();
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "own", folder]) { RedirectStandardOutput = true };
        using Process child = Process.Start(start)!;
        int server = int.Parse((await child.StandardOutput.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Directory.Exists($"/proc/{server}"));

        child.Kill();
        await child.WaitForExitAsync();
        var clock = Stopwatch.StartNew();
        while (Directory.Exists($"/proc/{server}") && clock.Elapsed < TimeSpan.FromSeconds(30)) await Task.Delay(20);

        Assert.False(Directory.Exists($"/proc/{server}"));
        Directory.Delete(folder, recursive: true);
    }

    [PostgresTheory]
    [InlineData(0)]
    [InlineData(150)]
    [InlineData(220)]
    [InlineData(400)]
    public async Task AServerThatCrashedAndIsLeftIsDownWhateverItsSupervisorIsDoing(int leftAfter)
    {
        string folder = TestPostgres.NewFolder();
        PrivatePostgres owner = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = folder, SharedBuffers = "32MB" });
        using (Process server = Process.GetProcessById(owner.ServerProcessId)) server.Kill();

        // At one of these times the supervisor is just about to start it again.
        await Task.Delay(leftAfter);
        await owner.DisposeAsync();
        await owner.WaitForStopAsync(TimeSpan.FromMinutes(1));

        // The file goes a moment before the process that it names.
        var clock = Stopwatch.StartNew();
        while (IsThere() && clock.Elapsed < TimeSpan.FromMinutes(1)) await Task.Delay(20);
        Assert.False(IsThere());
        Directory.Delete(folder, recursive: true);

        bool IsThere() => Process.GetProcessesByName("postgres").Any(one => CommandLineOf(one.Id).Contains(folder, StringComparison.Ordinal));
    }

    private static string CommandLineOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    [PostgresFact]
    public async Task AClusterWhoseMakingWasInterruptedIsMadeAgain()
    {
        string folder = TestPostgres.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        File.WriteAllText(Path.Combine(folder, "data", "PG_VERSION"), "15\n");
        PrivatePostgres server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = folder, SharedBuffers = "32MB" });
        Assert.Equal(1, await AskAsync(server));
        await server.DisposeAsync();
        await server.WaitForStopAsync(TimeSpan.FromSeconds(30));
        Directory.Delete(folder, recursive: true);
    }

    [PostgresFact]
    public async Task AFolderThatOnlyRootCanEnterHasItsClusterElsewhere()
    {
        if (Environment.UserName != "root" || OperatingSystem.IsWindows()) return;
        string closed = TestPostgres.NewFolder(), folder = Path.Combine(closed, "postgres");
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.False(await PrivatePostgres.ExistsAsync(folder));
        PrivatePostgres server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = folder, SharedBuffers = "32MB" });
        Assert.Equal(1, await AskAsync(server));
        Assert.StartsWith("/var/lib/chain/", server.Folder, StringComparison.Ordinal);
        Assert.True(await PrivatePostgres.ExistsAsync(folder));
        await server.DisposeAsync();
        await server.WaitForStopAsync(TimeSpan.FromSeconds(30));
        Directory.Delete(server.Folder, recursive: true);
        Directory.Delete(closed, recursive: true);
    }

    private static async Task<int> AskAsync(PrivatePostgres server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    private static string UidOf(int process) =>
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
}
