using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Chain.Cli.Tests.Wasm;

namespace Chain.Cli.Tests;

/// <summary>The command line as a process of its own: what only a process shows.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class ProcessTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    private const int Interrupt = 2;

    [Fact]
    public void ExitCodeAndStreamsAreThoseOfTheCommand()
    {
        using Process process = Start("wasm", "run", files.Pure, "--invoke", "add", "-1", "3");
        Assert.Equal(("2\n", "", 0), Finish(process));
        using Process wrong = Start("wasm", "validate", files.Text);
        (string output, string error, int code) = Finish(wrong);
        Assert.Equal(("", 2), (output, code));
        Assert.Equal($"chain: malformed module {files.Text} at 0x0: magic header not detected: expected the bytes 00 61 73 6d\n", error);
    }

    [Fact]
    public void AGuestThatExhaustsItsStackDoesNotEndTheProcess()
    {
        using Process process = Start("wasm", "run", files.Pure, "--invoke", "deep", "--stack-limit", "100000000");
        (string output, string error, int exitCode) = Finish(process);
        Assert.StartsWith("chain: wasm trap: call stack exhausted\n", error);
        Assert.Equal(("", ExitCode.Failed), (output, exitCode));
    }

    [Fact]
    public void AnInterruptEndsARunningGuest()
    {
        // The loop gives no sign that it began but the time it burns, and nothing before it takes this long.
        using Process process = Start("wasm", "run", files.Pure, "--invoke", "forever", "--timeout", "60000");
        while (process.TotalProcessorTime < TimeSpan.FromSeconds(2) && !process.HasExited) Thread.Sleep(10);
        Assert.Equal(0, Kill(process.Id, Interrupt));
        Assert.Equal(("", "chain: interrupted\n", ExitCode.Interrupted), Finish(process));
    }

    [Fact]
    public void AReaderThatGoesAwayIsNoError()
    {
        using Process process = Start("wasm", "dump", files.Importing, "--disassemble");
        process.StandardOutput.Close();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(("", 0), (error, process.ExitCode));
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

    private static (string Output, string Error, int Code) Finish(Process process)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (output, error.Result, process.ExitCode);
    }
}
