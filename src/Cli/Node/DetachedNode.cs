using System.Diagnostics;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary>A node in a process of its own, which outlives this one.</summary>
internal static class DetachedNode
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts it, and waits until it answers.</summary>
    /// <exception cref="CommandException">It ended instead; the message is its own.</exception>
    public static async Task<int> RunAsync(string folder, UpRequest request)
    {
        Directory.CreateDirectory(folder);
        string log = Path.Combine(folder, OwnProcess.LogFile);
        long before = OwnProcess.LengthOf(log);
        using Process process = OwnProcess.Start(Path.GetFullPath(log), request.Arguments(folder), request.Node.Postgres);
        while (NodeFolder.Look(folder).Node?.Pid != process.Id)
        {
            if (process.HasExited) throw OwnProcess.Failure(log, before, process.ExitCode);
            await Task.Delay(Poll);
        }

        using NodeClient node = NodeClient.Open(folder);
        ForegroundNode.Show(await node.GetAsync<NodeState>("status", CancellationToken.None), node.Node, folder, request.Json);
        if (request.Json) return ExitCode.Ok;
        NodeText.Line("log", log);
        Console.Out.WriteLine($"it runs in process {process.Id}; end it with: chain down{NodeClient.DataOption(folder)}");
        return ExitCode.Ok;
    }
}
