using System.CommandLine;
using System.Globalization;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;
using Chain.Silo.Applications.Storage;

namespace Chain.Cli.Node;

/// <summary><c>chain apps</c>: what runs, the versions of one application, and how one is ended.</summary>
internal static class AppsCommand
{
    public static Command Create()
    {
        var application = new Argument<string?>("APP") { Description = "Show this application's versions and functions.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = NodeCommand.Json();
        Command command = new Command("apps", "List the applications that run, or one's versions and functions; 'apps remove' ends one.") { application, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                if (parsed.GetValue(application) is { } name)
                {
                    ApplicationDetails details = await node.GetAsync<ApplicationDetails>($"apps/{NodeCommand.Part(name)}", cancellation);
                    if (parsed.GetValue(json)) NodeCommand.WriteJson(details);
                    else Print(details);
                    return ExitCode.Ok;
                }

                RunningApplication[] all = await node.GetAsync<RunningApplication[]>("apps", cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(all);
                else Print(all);
                return ExitCode.Ok;
            });
        command.Add(Remove());
        return command;
    }

    private static Command Remove()
    {
        Argument<string> application = NodeCommand.Application();
        Option<bool> json = NodeCommand.Json();
        return new Command("remove", "End an application; its versions stay, and 'chain rollback --to' starts one again.") { application, json }.WithNode(
            async (parsed, node, cancellation) =>
            {
                string name = parsed.GetRequiredValue(application);
                await node.DeleteAsync($"apps/{NodeCommand.Part(name)}?author={NodeCommand.Part(Environment.UserName)}", cancellation);
                if (parsed.GetValue(json)) NodeCommand.WriteJson(new { removed = name });
                else Console.Out.WriteLine($"{name} is removed");
                return ExitCode.Ok;
            });
    }

    private static void Print(RunningApplication[] all)
    {
        if (all.Length == 0) Console.Out.WriteLine("no application runs; deploy one with: chain deploy PATH");
        var listing = new Listing("applications", "application", "version#", "components#", "instances#", "answers at");
        foreach (RunningApplication one in all)
        {
            listing.Add(
                one.Name, StoreText.Count(one.Version), StoreText.Count(one.Components.Count), StoreText.Count(one.Components.Sum(static c => c.Instances)),
                string.Join(", ", one.Urls));
        }

        listing.Write();
    }

    private static void Print(ApplicationDetails details)
    {
        var versions = new Listing("versions", "version#", "", "deployed", "by", "digest");
        foreach (ApplicationVersion one in details.Versions)
        {
            versions.Add(
                StoreText.Count(one.Number), one.IsActive ? "active" : "", one.Deployed.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture), one.Author, one.Digest);
        }

        versions.Write();
        var functions = new Listing("functions", "component", "function");
        foreach (RunningComponent component in details.Running?.Components ?? [])
        {
            foreach (string function in component.Functions) functions.Add($"{details.Name}/{component.Name}", function);
        }

        functions.Write();
    }
}
