using System.CommandLine;
using Chain.Cli.Node;

namespace Chain.Cli.Cluster;

/// <summary><c>chain drain SILO</c>.</summary>
internal static class DrainCommand
{
    public static Command Create()
    {
        var silo = new Argument<string>("SILO") { Description = "The silo's name; see 'chain status'." };
        Option<bool> json = NodeCommand.Json();
        return new Command("drain", "Have a silo leave its cluster: calls under way finish, its instances go to other silos. Its process stays.") { silo, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                string name = parsed.GetRequiredValue(silo);
                await node.PostAsync($"silos/{NodeCommand.Part(name)}/drain", cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(new { drained = name });
                else if (node.Node.Silos?.Any(one => one.Name == name) == true)
                    Console.Out.WriteLine($"silo {name} is drained; have it back with: chain restart --silo {name}");
                else Console.Out.WriteLine($"silo {name} is drained; its process can be ended");
                return ExitCode.Ok;
            });
    }
}
