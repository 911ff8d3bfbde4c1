using System.Diagnostics;
using System.Globalization;
using Chain.Silo.Api;
using Chain.Silo.Hosting.Local;

namespace Chain.Cli.Node;

/// <summary>A node in a process of its own, which outlives this one.</summary>
internal static class DetachedNode
{
    private const string LogFile = "node.log";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    // $0 is the log; the rest is the command.
    private const string Launcher = "exec \"$@\" </dev/null >>\"$0\" 2>&1";

    /// <summary>Starts it, and waits until it answers.</summary>
    /// <exception cref="CommandException">It ended instead; the message is its own.</exception>
    public static async Task<int> RunAsync(string folder, UpRequest request)
    {
        Directory.CreateDirectory(folder);
        string log = Path.Combine(folder, LogFile);
        long before = File.Exists(log) ? new FileInfo(log).Length : 0;
        using Process process = Start(folder, Path.GetFullPath(log), request);
        while (NodeFolder.Look(folder).Node?.Pid != process.Id)
        {
            if (process.HasExited) throw Failure(log, before, process.ExitCode);
            await Task.Delay(Poll);
        }

        using NodeClient node = NodeClient.Open(folder);
        ForegroundNode.Show(await node.GetAsync<NodeState>("status", CancellationToken.None), node.Node, folder, request.Json);
        if (request.Json) return ExitCode.Ok;
        NodeText.Line("log", log);
        Console.Out.WriteLine($"it runs in process {process.Id}; end it with: chain down{NodeClient.DataOption(folder)}");
        return ExitCode.Ok;
    }

    private static Process Start(string folder, string log, UpRequest request)
    {
        NodeOptions node = request.Node;
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false };
        List<string> arguments = ["sh", "-c", Launcher, log, Environment.ProcessPath!];
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") arguments.Add(typeof(Program).Assembly.Location);
        arguments.AddRange(
        [
            "up", "--data", folder, "--host", node.Address.ToString(), "--port", Text(node.Port), "--api-host", request.ApiAddress.ToString(), "--api-port",
            Text(request.ApiPort), "--name", node.Name,
        ]);
        if (node.Otlp is { } otlp) arguments.AddRange(["--otlp", otlp.ToString()]);
        if (request.Paths.Count > 0) arguments.AddRange(["--", .. request.Paths]);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);

        // Not as an argument, which everybody on the machine can see.
        if (node.Postgres is { } own) start.Environment[RecordStore.StoreOptions.Variable] = own;
        return Process.Start(start) ?? throw new CommandException("the node did not start", ExitCode.Unavailable);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What it said before it ended: its last line is the command's, what came before is shown as it is.</summary>
    private static CommandException Failure(string log, long from, int code)
    {
        string[] lines = Read(log, from);
        string last = lines.Length == 0 ? $"chain: the node ended with exit code {code}; see {log}" : lines[^1];
        foreach (string line in lines.SkipLast(1)) Console.Error.WriteLine(line);
        const string Prefix = "chain: ";
        return new CommandException(last.StartsWith(Prefix, StringComparison.Ordinal) ? last[Prefix.Length..] : last, code == 0 ? ExitCode.Failed : code);
    }

    private static string[] Read(string log, long from)
    {
        using FileStream file = new(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = from;
        return new StreamReader(file).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
