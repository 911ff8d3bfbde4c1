using System.CommandLine;
using System.Text.Json;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary>What the commands that talk with a running node have in common.</summary>
internal static class NodeCommand
{
    private static readonly JsonSerializerOptions Indented = new(ApiJson.Options) { WriteIndented = true };

    /// <summary>Adds <c>--data</c>, and runs the command with the node of that folder.</summary>
    public static Command WithNode(this Command command, Func<ParseResult, NodeClient, CancellationToken, Task<int>> act)
    {
        command.Options.Add(StoreOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            using NodeClient node = NodeClient.Open(parsed);
            try
            {
                return await act(parsed, node, cancellation);
            }
            catch (ApiException e)
            {
                throw e.ToCommand();
            }
        });
        return command;
    }

    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    public static Argument<string> Application() => new("APP") { Description = "The application's name." };

    public static void WriteJson<T>(T value, bool indented = true) => Console.Out.WriteLine(JsonSerializer.Serialize(value, indented ? Indented : ApiJson.Options));

    /// <summary>One part of an address.</summary>
    public static string Part(string name) => Uri.EscapeDataString(name);
}
