using System.CommandLine;
using Chain.Cli.Node;
using Chain.Silo.Api;

namespace Chain.Cli.Cluster;

/// <summary><c>chain restart [--silo NAME]</c>.</summary>
internal static class RestartCommand
{
    public static Command Create()
    {
        var only = new Option<string?>("--silo") { Description = "Only this one; all, one after the other, when absent.", HelpName = "NAME" };
        Option<bool> json = new("--json") { Description = "Print JSON, one object a silo." };
        return new Command("restart", "Restart the silos of 'chain up --silos', one after the other: each is drained, ended, started, and active again before the next.")
        {
            only, json,
        }.WithNode(async (parsed, node, cancellation) =>
        {
            if (node.Node.Supervisor is null) throw new CommandException("no process runs silos here: what runs is a node by itself; end and start it with: chain down, chain up");
            using NodeClient process = node.OfProcess();
            string[] names = parsed.GetValue(only) is { } one
                ? [one] : [.. (await process.GetAsync<SupervisorState>("status", cancellation)).Silos.Select(static silo => silo.Name)];
            foreach (string name in names)
            {
                SiloProcess silo = await process.PostAsync<SiloProcess>($"silos/{NodeCommand.Part(name)}/restart", cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(silo, indented: false);
                else Console.Out.WriteLine($"silo {name} is active again, in process {silo.Pid}");
            }

            return ExitCode.Ok;
        });
    }
}
