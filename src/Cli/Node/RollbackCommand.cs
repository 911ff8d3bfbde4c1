using System.CommandLine;
using System.Net.Http.Json;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary><c>chain rollback APP [--to N]</c>.</summary>
internal static class RollbackCommand
{
    public static Command Create()
    {
        Argument<string> application = NodeCommand.Application();
        var to = new Option<int?>("--to") { Description = "The version; the one that was active before when absent.", HelpName = "N" };
        Option<bool> json = NodeCommand.Json();
        return new Command("rollback", "Make an earlier version of an application answer again.") { application, to, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                var request = new RollbackRequest(parsed.GetValue(to), Environment.UserName);
                DeployAnswer answer = await node.PostAsync<DeployAnswer>(
                    $"apps/{NodeCommand.Part(parsed.GetRequiredValue(application))}/rollback", JsonContent.Create(request, options: ApiJson.Options), cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(answer);
                else NodeText.Deployed(answer);
                return ExitCode.Ok;
            });
    }
}
