using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using Chain.Tests;
using Chain.Tracer.Storage;

namespace Chain.Cli.Tests.Node;

/// <summary>A folder in which the command line is run, each time as a process of its own; a node that still runs in it is ended.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class NodeCommands : IDisposable
{
    private readonly Dictionary<string, string?> environment = new() { [Cli.RecordStore.StoreOptions.Variable] = null };

    public NodeCommands() => Directory.CreateDirectory(Folder);

    /// <summary>Where it is run.</summary>
    public string Folder { get; } = TestPostgres.NewFolder();

    public string Data => Path.Combine(Folder, ".chain");

    /// <summary>What the node of this folder says of itself.</summary>
    public JsonElement Node => JsonElement.Parse(File.ReadAllText(Path.Combine(Data, "node.json")));

    /// <summary>What a detached node printed.</summary>
    public string Log => File.ReadAllText(Path.Combine(Data, "node.log"));

    public NodeCommands With(string variable, string value)
    {
        environment[variable] = value;
        return this;
    }

    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "chain.dll"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        foreach ((string name, string? value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public CapturedRun Run(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CapturedRun(process.ExitCode, output, error.Result);
    }

    /// <summary>A run that is well, with what it printed.</summary>
    public string Ok(params string[] arguments)
    {
        CapturedRun run = Run(arguments);
        Assert.True(run.ExitCode == 0, $"chain {string.Join(' ', arguments)}: exit code {run.ExitCode}\n{run.Output}{run.Error}");
        return run.Output;
    }

    /// <summary>Starts a node on free ports and waits until it answers.</summary>
    public string Up(params string[] more) => Ok(["up", "--port", "0", "--api-port", "0", "--detach", .. more]);

    public void Dispose()
    {
        if (File.Exists(Path.Combine(Data, "node.json")))
        {
            int pid = Node.GetProperty("pid").GetInt32();
            if (Run("down").ExitCode != 0) Kill(pid);
        }

        WaitForPostgres();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Waits until the private server of this folder is down.</summary>
    public void WaitForPostgres()
    {
        string pid = Path.Combine(Data, "postgres", "data", "postmaster.pid");
        for (int i = 0; i < 600 && File.Exists(pid); i++) Thread.Sleep(50);
        Assert.False(File.Exists(pid), "the private Postgres still runs");
    }

    public static void Kill(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            process.Kill();
            process.WaitForExit();
        }
        catch (ArgumentException)
        {
            // It is gone.
        }
    }
}

/// <summary>The ward on a node that runs for all tests of a class.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RunningWard : IDisposable
{
    private readonly WardFiles ward = new();

    public RunningWard()
    {
        if (PostgresBinaries.Search() is not null) Started = Chain.Up(ward.Folder);
    }

    internal NodeCommands Chain { get; } = new();

    internal string Ward => ward.Folder;

    /// <summary>What <c>chain up --detach</c> printed.</summary>
    internal string Started { get; } = "";

    public void Dispose()
    {
        Chain.Dispose();
        ward.Dispose();
    }
}
