using System.CommandLine;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Calls;

namespace Chain.Cli.Alerts;

/// <summary><c>chain alerts raise</c>: a violation by hand, to see whether receivers are told.</summary>
internal static class RaiseCommand
{
    public static Command Create()
    {
        Option<FileInfo> config = SendCommand.ConfigOption();
        var policy = new Option<string>("--policy") { Description = "The name that the alert goes by.", DefaultValueFactory = _ => "test-alert" };
        var message = new Option<string>("--message") { Description = "Its message.", DefaultValueFactory = _ => "raised by hand with 'chain alerts raise'" };
        Command command = new Command("raise", "Raise a test alert, which is grouped and sent like any other.") { config, policy, message }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            using var http = new HttpClient();
            AlertOptions options = SendCommand.Read(parsed.GetRequiredValue(config), http);
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            var violation = new Violation
            {
                Policy = parsed.GetValue(policy)!, Version = "", Severity = Severity.Info, Effect = "alert", Message = parsed.GetValue(message)!,
                Caller = "outside", Callee = "chain/alerts", Function = "raise", Event = PolicyEvent.Call, Call = CallId.At(now), Trace = default, At = now,
            };
            await new AlertStore(store.Database, options).StoreAsync([violation], cancellation: cancellation);
            Console.Out.WriteLine($"raised {violation.Fingerprint}; a silo or 'chain alerts send' tells the receivers");
            return ExitCode.Ok;
        });
        return command;
    }
}
