using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;

namespace Chain.Cli.Applications;

/// <summary><c>chain check [PATH]</c>: an application's manifest with all that it names, and its policies with their tests.</summary>
internal static class ApplicationCheckCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "A manifest, or a folder with a chain.yaml.", DefaultValueFactory = _ => "." };
        var json = new Option<bool>("--json") { Description = "JSON on standard output." };
        var strict = new Option<bool>("--strict") { Description = "Warnings fail the check too." };
        var command = new Command("check", "Check an application: manifest, components, links, grants, rules, policies and their tests.") { path, json, strict };
        command.Options.Add(StoreOptions.Postgres);
        command.SetAction(async (result, cancellation) =>
        {
            ApplicationCheck check = await RunAsync(result, result.GetRequiredValue(path), cancellation);
            if (result.GetValue(json)) WriteJson(check);
            else WriteText(check);
            return check.Errors > 0 || (result.GetValue(strict) && check.Warnings > 0) ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Components that are named by digest are looked for in the Postgres that was named, if one was.</summary>
    private static async Task<ApplicationCheck> RunAsync(ParseResult result, string path, CancellationToken cancellation)
    {
        string? own = result.GetValue(StoreOptions.Postgres) ?? Environment.GetEnvironmentVariable(StoreOptions.Variable);
        if (string.IsNullOrEmpty(own)) return await ApplicationCheck.RunAsync(path, null, cancellation);
        await using StoreConnection store = await StoreConnection.OpenAsync(result, cancellation);
        return await ApplicationCheck.RunAsync(path, new ApplicationStore(store.Database).FindComponentAsync, cancellation);
    }

    private static void WriteText(ApplicationCheck check)
    {
        foreach (PolicyIssue issue in check.Issues) Console.WriteLine(issue);
        string summary = $"{Count(check.Errors, "error")}, {Count(check.Warnings, "warning")}";
        Console.WriteLine(check.Plan is { } plan
            ? $"{plan.Name}: {Count(plan.Components.Count, "component")}, {Count(plan.Links.Count, "link")}, {Count(check.TestsPassed, "policy test")} passed, {summary}, version {plan.Digest}"
            : $"refused: {summary}");
    }

    private static void WriteJson(ApplicationCheck check)
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBoolean("ok", check.Errors == 0);
        json.WriteStartArray("issues");
        foreach (PolicyIssue issue in check.Issues)
        {
            json.WriteStartObject();
            json.WriteString("level", issue.Level == IssueLevel.Error ? "error" : "warning");
            json.WriteString("file", issue.Place.File);
            json.WriteNumber("line", issue.Place.Line);
            json.WriteNumber("column", issue.Place.Column);
            json.WriteString("message", issue.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("testsPassed", check.TestsPassed);
        if (check.Plan is { } plan)
        {
            json.WriteString("version", plan.Digest);
            json.WritePropertyName("plan");
            PlanJson.Write(json, plan);
        }

        json.WriteEndObject();
        json.Flush();
        Console.WriteLine(Encoding.UTF8.GetString(text.WrittenSpan));
    }

    private static string Count(int number, string word) => $"{number} {word}{(number == 1 ? "" : "s")}";
}
