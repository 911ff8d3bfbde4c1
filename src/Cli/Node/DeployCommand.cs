using System.CommandLine;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;
using Chain.Silo.Applications;

namespace Chain.Cli.Node;

/// <summary><c>chain deploy PATH</c>.</summary>
internal static class DeployCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "A manifest, or a folder with a chain.yaml.", DefaultValueFactory = _ => "." };
        Option<bool> json = NodeCommand.Json();
        return new Command("deploy", "Deploy an application on the running node: all of it, or the version before goes on answering.") { path, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                DeployAnswer answer = await DeployAsync(node, parsed.GetRequiredValue(path), cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(answer);
                else NodeText.Deployed(answer);
                return ExitCode.Ok;
            });
    }

    /// <summary>Reads an application, and has a node deploy it.</summary>
    /// <exception cref="CommandException">It does not check; where was printed.</exception>
    public static async Task<DeployAnswer> DeployAsync(NodeClient node, string path, CancellationToken cancellation)
    {
        try
        {
            ApplicationBundle bundle = await ApplicationCheck.BundleAsync(path, (digest, ends) => FindAsync(node, digest, ends), cancellation);
            using MultipartFormDataContent form = BundleForm.Create(bundle, Environment.UserName);
            return await node.PostAsync<DeployAnswer>("apps", form, cancellation);
        }
        catch (ManifestException e)
        {
            throw Refused.Of(path, e.Issues);
        }
        catch (ApiException e)
        {
            throw e.ToCommand(path);
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> FindAsync(NodeClient node, string digest, CancellationToken cancellation) =>
        await node.BytesAsync($"components/{NodeCommand.Part(digest)}", cancellation) is { } bytes ? new ReadOnlyMemory<byte>(bytes) : null;
}
