using System.CommandLine;
using System.Text.Json;
using Chain.PolicyEngine.Expressions.Conformance;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy conformance FILE</c>: CEL's own tests.</summary>
internal static class ConformanceCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "CEL's conformance tests as JSON (shared/spec/cel.json)." };
        var verbose = new Option<bool>("--verbose") { Description = "Also name the tests that pass." };
        var command = new Command("conformance", "Run CEL's own conformance tests.") { file, verbose };
        command.SetAction(result => Run(result.GetRequiredValue(file), result.GetValue(verbose)));
        return command;
    }

    private static int Run(FileInfo file, bool verbose)
    {
        int passed = 0;
        int failed = 0;
        var skipped = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (ConformanceResult result in Results(file))
        {
            switch (result.Outcome)
            {
                case ConformanceOutcome.Passed:
                    passed++;
                    if (verbose) Console.WriteLine($"passed  {result.Name}");
                    break;
                case ConformanceOutcome.Failed:
                    failed++;
                    Console.WriteLine($"FAILED  {result.Name}: {result.Expression}\n        {result.Detail}");
                    break;
                default:
                    string why = $"{result.File}: {result.Detail}";
                    skipped[why] = skipped.GetValueOrDefault(why) + 1;
                    break;
            }
        }

        foreach ((string why, int count) in skipped) Console.WriteLine($"skipped {count,4}  {why}");
        Console.WriteLine($"{passed} passed, {failed} failed, {skipped.Values.Sum()} skipped");
        return failed == 0 && passed > 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static List<ConformanceResult> Results(FileInfo file)
    {
        if (!file.Exists) throw new CommandException($"{file}: no such file");
        try
        {
            using FileStream stream = file.OpenRead();
            using JsonDocument document = JsonDocument.Parse(stream);
            return [.. ConformanceSuite.Run(document)];
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CommandException($"{file}: not a file of CEL conformance tests: {e.Message}");
        }
    }
}
