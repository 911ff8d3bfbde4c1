using System.CommandLine;
using System.Net.Http.Json;
using Chain.Cli.Lineage;
using Chain.Silo.Api;
using Chain.Wasm.Text;

namespace Chain.Cli.Node;

/// <summary><c>chain call APP/COMPONENT 'interface#function(WAVE)'</c>.</summary>
internal static class CallCommand
{
    public static Command Create()
    {
        var target = new Argument<string>("APP/COMPONENT") { Description = "The component; see 'chain apps APP'." };
        var call = new Argument<string>("CALL")
        {
            Description = "The function with its arguments in WAVE: 'store#get(\"7\")'. Of the interface's name as much as tells it from others.",
        };
        Option<bool> json = NodeCommand.Json();
        return new Command("call", "Call a function of a component on the running node: the result on standard output, chain and label on standard error.")
        {
            target, call, json,
        }.WithNode(async (parsed, node, cancellation) =>
        {
            (string application, string component) = Split(parsed.GetRequiredValue(target));
            var request = new CallRequest(parsed.GetRequiredValue(call));
            CallAnswer answer = await CallAsync(node, $"apps/{NodeCommand.Part(application)}/components/{NodeCommand.Part(component)}/call", request, cancellation);
            if (parsed.GetValue(json)) NodeCommand.WriteJson(answer);
            else Print(answer);
            return answer.Outcome is "returned" or "error" ? ExitCode.Ok : ExitCode.Failed;
        });
    }

    private static async Task<CallAnswer> CallAsync(NodeClient node, string path, CallRequest request, CancellationToken cancellation)
    {
        try
        {
            return await node.PostAsync<CallAnswer>(path, JsonContent.Create(request, options: ApiJson.Options), cancellation);
        }
        catch (ApiException e) when (e.Problem.Type == Problem.BadArguments)
        {
            throw new CommandException($"CALL '{CallWords.Shown(request.Call)}', {e.Message}");
        }
    }

    private static (string Application, string Component) Split(string target)
    {
        int slash = target.IndexOf('/');
        return slash > 0 && slash < target.Length - 1 && target.IndexOf('/', slash + 1) < 0
            ? (target[..slash], target[(slash + 1)..])
            : throw new CommandException($"APP/COMPONENT: expected such as clinic/records, found '{TextLiteral.OneLine(target)}'");
    }

    private static void Print(CallAnswer answer)
    {
        if (answer.Wave is not null) Console.Out.WriteLine(answer.Wave);
        if (answer.Error is not null) Console.Error.WriteLine($"chain: {answer.Outcome}: {TextLiteral.OneLine(answer.Error)}");
        Console.Error.WriteLine($"trace {answer.Trace}{(answer.Label.Count == 0 ? "" : $", label {string.Join(", ", answer.Label)}")}");
    }
}
