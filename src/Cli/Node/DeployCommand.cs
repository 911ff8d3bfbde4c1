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
                string file = parsed.GetRequiredValue(path);
                try
                {
                    ApplicationBundle bundle = await ApplicationCheck.BundleAsync(file, (digest, ends) => FindAsync(node, digest, ends), cancellation);
                    using MultipartFormDataContent form = BundleForm.Create(bundle, Environment.UserName);
                    DeployAnswer answer = await node.PostAsync<DeployAnswer>("apps", form, cancellation);
                    if (parsed.GetValue(json)) NodeCommand.WriteJson(answer);
                    else NodeText.Deployed(answer);
                    return ExitCode.Ok;
                }
                catch (ManifestException e)
                {
                    throw Refused.Of(file, e.Issues);
                }
                catch (ApiException e)
                {
                    throw e.ToCommand(file);
                }
            });
    }

    private static async Task<ReadOnlyMemory<byte>?> FindAsync(NodeClient node, string digest, CancellationToken cancellation) =>
        await node.BytesAsync($"components/{NodeCommand.Part(digest)}", cancellation) is { } bytes ? new ReadOnlyMemory<byte>(bytes) : null;
}
