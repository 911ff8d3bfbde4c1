using System.Diagnostics;
using Chain.Tests;

namespace Chain.Cli.Tests.Demo;

public sealed class DemoCommandTests
{
    [PostgresFact]
    public async Task TheDemoShowsTheLeakTheWayAndTheAlertAndLeavesNothingBehind()
    {
        string folder = TestPostgres.NewFolder();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string program = Path.Combine(AppContext.BaseDirectory, "chain.dll");
        foreach (string argument in (string[])[program, "demo", "--example", Path.Combine(Places.Repository, "examples", "clinic")]) start.ArgumentList.Add(argument);
        start.Environment["TMPDIR"] = folder;
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();

            Assert.True(process.ExitCode == ExitCode.Ok, output + await error);
            Assert.Contains("403 denied by pii-stays-inside", output);
            Assert.Contains("7 steps before", output);
            Assert.Contains("from state key 'compiled' of clinic/letters (templates)", output);
            Assert.Contains("third-party-sees-pii", output);
            Assert.Contains("All 19 requests ended as they should", output);
            Assert.Empty(Directory.EnumerateDirectories(folder, "chain-demo-*"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
