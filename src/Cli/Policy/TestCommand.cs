using System.CommandLine;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy test PATH…</c>: runs the tests that stand in policies.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var verbose = new Option<bool>("--verbose") { Description = "Also name the tests that pass." };
        var command = new Command("test", "Run the tests that stand in policies.") { paths, verbose };
        command.SetAction(result => Run(result.GetRequiredValue(paths), result.GetValue(verbose)));
        return command;
    }

    private static int Run(FileSystemInfo[] paths, bool verbose)
    {
        int passed = 0;
        int failed = 0;
        foreach (PolicyTestResult result in PolicyTestRunner.Run(PolicyInput.Load(paths, new LabelStore())))
        {
            if (result.Passed)
            {
                passed++;
                if (verbose) Console.WriteLine($"passed  {result.Policy.Name}: {result.Test.Name}");
                continue;
            }

            failed++;
            Console.WriteLine($"FAILED  {result.Test.Place}: {result.Policy.Name}: {result.Test.Name}: expected {result.Test.Written}, found {result.Found}");
        }

        Console.WriteLine($"{passed} passed, {failed} failed, 0 skipped");
        return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }
}
