using System.CommandLine;
using Chain.Silo.Applications;
using Spectre.Console;

namespace Chain.Cli.Demo;

/// <summary><c>chain demo</c>: an example application, from its check to the alert about its leak.</summary>
internal static class DemoCommand
{
    private const string Application = "clinic";
    private const string RelayOfTheExample = "127.0.0.1:8025";

    public static Command Create()
    {
        var keep = new Option<bool>("--keep") { Description = "Leave it running until Ctrl-C, and keep what it wrote." };
        var data = new Option<string?>("--data") { Description = "The folder to use; default a new one under the system's temporary folder.", HelpName = "DIR" };
        var example = new Option<string?>("--example") { Description = "The folder of the application; default examples/clinic.", HelpName = "DIR" };
        var command = new Command("demo", "Run the example: components call one another, tags travel, a policy stops a leak, lineage explains it.") { keep, data, example };
        command.SetAction(async (parsed, cancellation) =>
        {
            string source = parsed.GetValue(example) ?? FindExample();
            bool isOwn = parsed.GetValue(data) is null;
            string folder = parsed.GetValue(data) ?? Path.Combine(Path.GetTempPath(), $"chain-demo-{Environment.ProcessId}");
            Directory.CreateDirectory(folder);
            try
            {
                return await new DemoRun(AnsiConsole.Console, source, Path.GetFullPath(folder), parsed.GetValue(keep)).RunAsync(cancellation);
            }
            finally
            {
                if (isOwn && !parsed.GetValue(keep)) await RemoveAsync(folder);
            }
        });
        return command;
    }

    /// <summary>Copies the example, with the relay that this run has in the place of the one that its manifest names.</summary>
    public static string Copy(string source, string folder, string relay)
    {
        string target = Path.Combine(folder, "application");
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(source, file), copy = Path.Combine(target, relative);
            if (relative.StartsWith("sources", StringComparison.Ordinal)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (relative == ApplicationCheck.DefaultFile) File.WriteAllText(copy, File.ReadAllText(file).Replace(RelayOfTheExample, relay, StringComparison.Ordinal));
            else File.Copy(file, copy, overwrite: true);
        }

        return target;
    }

    private static string FindExample()
    {
        // The launcher runs where the user is; the examples are beside it.
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string found = Path.Combine(at.FullName, "examples", Application);
            if (File.Exists(Path.Combine(found, ApplicationCheck.DefaultFile))) return found;
        }

        throw new CommandException($"no examples/{Application} beside this program; name its folder with --example DIR");
    }

    // The server that was stopped a moment ago may still be removing its last files.
    private static async Task RemoveAsync(string folder)
    {
        for (int i = 0; i < 50 && Directory.Exists(folder); i++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (IOException)
            {
                await Task.Delay(100);
            }
        }
    }
}
