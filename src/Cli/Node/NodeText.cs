using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Silo.Api;

namespace Chain.Cli.Node;

/// <summary>How the commands show a node and its applications.</summary>
internal static class NodeText
{
    private const int NameWidth = 8;

    /// <summary>A line of a node's description: a name and what there is to say.</summary>
    public static void Line(string name, string text) => Console.Out.WriteLine($"{name.PadRight(NameWidth)}  {text}");

    public static string Store(StoreState store) => !store.IsUp
        ? $"PostgreSQL does not answer{(store.Folder is null ? "" : $", private, in {store.Folder}")}: calls are kept in the spool"
        : $"PostgreSQL {store.Server}{(store.Folder is null ? "" : $", private, in {store.Folder}")}";

    /// <summary><c>version 2, 8 components, http://127.0.0.1:8080/</c>.</summary>
    public static string Application(RunningApplication application) =>
        $"version {application.Version}, {Count(application.Components.Count, "component")}{string.Concat(application.Urls.Select(static url => ", " + url))}";

    public static void Deployed(DeployAnswer answer)
    {
        foreach (IssueLine warning in answer.Warnings) Console.Error.WriteLine(warning.ToIssue());
        Line(answer.Application.Name, Application(answer.Application) + (answer.HasChanged ? "" : "; it ran already, nothing changed"));
    }

    public static string Count(long number, string word) => $"{StoreText.Count(number)} {word}{(number == 1 ? "" : "s")}";

    /// <summary><c>region=eu, zone=a</c>.</summary>
    public static string Labels(IReadOnlyDictionary<string, string> labels) =>
        string.Join(", ", labels.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => $"{one.Key}={one.Value}"));

    public static string Ago(DateTimeOffset since)
    {
        TimeSpan time = DateTimeOffset.UtcNow - since;
        return time.TotalDays >= 2 ? $"{time.TotalDays:0} days" : time.TotalHours >= 2 ? $"{time.TotalHours:0} h"
            : time.TotalMinutes >= 2 ? $"{time.TotalMinutes:0} min" : $"{Math.Max(0, time.TotalSeconds):0} s";
    }
}
