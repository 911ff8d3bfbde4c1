using System.Diagnostics;

namespace Chain.Cli.Node;

/// <summary>This very program in another process, which may outlive this one.</summary>
internal static class OwnProcess
{
    /// <summary>What it prints, in its folder.</summary>
    public const string LogFile = "node.log";

    // $0 is the log; the rest is the command.
    private const string Launcher = "exec \"$@\" </dev/null >>\"$0\" 2>&1";
    private const string Supervised = "exec \"$@\" >>\"$0\" 2>&1";

    /// <summary>Starts it in a session of its own, which no signal from a terminal reaches; what it prints goes to a log.</summary>
    /// <param name="log">The file, with its whole path.</param>
    /// <param name="arguments">Its command line, which everybody on the machine can see.</param>
    /// <param name="postgres">The store, which goes into its environment; <see langword="null"/> for a private one.</param>
    /// <param name="isSupervised">Whether its standard input stays open as long as this process is there.</param>
    public static Process Start(string log, IEnumerable<string> arguments, string? postgres, bool isSupervised = false)
    {
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false, RedirectStandardInput = isSupervised };
        List<string> all = ["sh", "-c", isSupervised ? Supervised : Launcher, log, Environment.ProcessPath!];
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") all.Add(typeof(Program).Assembly.Location);
        foreach (string argument in (IEnumerable<string>)[.. all, .. arguments]) start.ArgumentList.Add(argument);
        start.Environment.Remove(RecordStore.StoreOptions.Variable);
        if (postgres is not null) start.Environment[RecordStore.StoreOptions.Variable] = postgres;
        return Process.Start(start) ?? throw new CommandException("the process did not start", ExitCode.Unavailable);
    }

    /// <summary>What it said before it ended: its last line is the command's, what came before is shown as it is.</summary>
    public static CommandException Failure(string log, long from, int code)
    {
        string[] lines = Read(log, from);
        string last = lines.Length == 0 ? $"chain: the node ended with exit code {code}; see {log}" : lines[^1];
        foreach (string line in lines.SkipLast(1)) Console.Error.WriteLine(line);
        const string Prefix = "chain: ";
        return new CommandException(last.StartsWith(Prefix, StringComparison.Ordinal) ? last[Prefix.Length..] : last, code == 0 ? ExitCode.Failed : code);
    }

    /// <summary>How much is in a log, in bytes.</summary>
    public static long LengthOf(string log) => File.Exists(log) ? new FileInfo(log).Length : 0;

    private static string[] Read(string log, long from)
    {
        using FileStream file = new(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = from;
        return new StreamReader(file).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
