using System.CommandLine;
using Chain.Cli.Policy;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Policies;

namespace Chain.Cli.Alerts;

/// <summary><c>chain alerts send --config FILE</c>: serves the outbox until it is stopped; silos do the same for themselves.</summary>
internal static class SendCommand
{
    public static Command Create()
    {
        Option<FileInfo> config = ConfigOption();
        Command command = new Command("send", "Send the notices that are due, until stopped (a silo does this by itself).") { config }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            using var http = new HttpClient();
            AlertOptions options = Read(parsed.GetRequiredValue(config), http);
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            await using var pipeline = new AlertPipeline(store.Database, options);
            Console.Out.WriteLine($"sending to {string.Join(", ", options.Receivers.Select(r => r.Name))}");
            await Task.Delay(Timeout.Infinite, cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    public static Option<FileInfo> ConfigOption() => new("--config") { Description = "Who is told, and how alerts are grouped (docs/alerts.md).", HelpName = "FILE", Required = true };

    /// <exception cref="CommandException">The configuration is wrong; every error.</exception>
    public static AlertOptions Read(FileInfo file, HttpClient http)
    {
        try
        {
            return AlertConfiguration.Read(PolicyInput.ReadFile(file.ToString()), http, Console.Out);
        }
        catch (PolicySetException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
