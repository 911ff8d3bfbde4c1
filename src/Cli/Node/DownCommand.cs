using System.CommandLine;
using System.Diagnostics;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary><c>chain down</c>.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);

    public static Command Create()
    {
        var timeout = new Option<int>("--timeout") { Description = "How long to wait for it, in seconds; 60 by default.", HelpName = "S", DefaultValueFactory = _ => 60 };
        Option<bool> json = NodeCommand.Json();
        return new Command("down", "End the running node, or all silos that run here: calls under way finish, and what they left is stored.") { timeout, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                int seconds = parsed.GetValue(timeout);
                if (seconds is < 1 or > 86_400) throw new CommandException($"--timeout {seconds}: expected 1 to 86400");
                string folder = parsed.GetValue(StoreOptions.Data)!;
                using (NodeClient process = node.OfProcess()) await process.PostAsync("shutdown", cancellation);
                var clock = Stopwatch.StartNew();
                while (NodeFolder.Look(folder).IsHeld)
                {
                    if (clock.Elapsed.TotalSeconds > seconds)
                    {
                        throw new CommandException(
                            $"the node in {folder} (process {node.Node.Pid}) did not end within {seconds} s; end it with: kill {node.Node.Pid}", ExitCode.Failed);
                    }

                    await Task.Delay(Poll, cancellation);
                }

                if (parsed.GetValue(json)) NodeCommand.WriteJson(new { ended = node.Node.Pid });
                else Console.Out.WriteLine(node.Node.Silos is null ? $"the node in {folder} ended" : $"the silos in {folder} ended");
                return ExitCode.Ok;
            });
    }
}
