using System.CommandLine;
using Chain.Cli.Wasm.Spec;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm;

/// <summary><c>chain wasm spec</c>: runs the specification's own test scripts.</summary>
internal static class SpecCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "A folder or .tar.gz of converted .wast scripts, or one script's JSON file." };
        var filter = new Option<string?>("--filter") { Description = "Only scripts whose name or path matches; * and ? are wild.", HelpName = "GLOB" };
        var group = new Option<string?>("--group") { Description = "Only this group of core-groups.json, which stands beside PATH.", HelpName = "NAME" };
        var jobs = new Option<int>("--jobs") { Description = "How many scripts at a time.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "JSON on standard output." };
        var verbose = new Option<bool>("--verbose") { Description = "List every failure and every skipped command." };
        var command = new Command("spec", "Run the WebAssembly specification's test scripts; the last line counts their commands.")
        {
            path, filter, group, jobs, json, verbose,
        };
        command.SetAction((result, cancellation) =>
        {
            var request = new Request(
                result.GetValue(path)!, result.GetValue(filter), result.GetValue(group), result.GetValue(jobs), result.GetValue(json), result.GetValue(verbose));
            // Off this thread, so that Ctrl-C is heard while scripts run.
            return Task.Run(() => Run(request, cancellation), CancellationToken.None);
        });
        return command;
    }

    private static int Run(Request request, CancellationToken cancellation)
    {
        if (request.Jobs < 1) throw new CommandException($"--jobs {request.Jobs}: expected 1 or more");
        IReadOnlyList<ScriptFolder> scripts = ScriptFolders.Open(request.Path);
        if (request.Group is { } group) scripts = ScriptSelection.ByGroup(scripts, request.Path, group);
        if (request.Filter is { } pattern) scripts = ScriptSelection.ByPattern(scripts, pattern);
        Engine engine = Engines.Create();
        var runner = new SpecRunner((folder, script) => CreateHarness(folder, script, engine));
        var report = new SpecReport(runner.Run(scripts, request.Jobs, cancellation));
        if (request.Json) report.WriteJson();
        else report.Write(request.Verbose);
        return report.Failed > 0 ? ExitCode.Failed : ExitCode.Ok;
    }

    // What a script tests is told by its commands, not by the name of its folder.
    private static ISpecHarness CreateHarness(ScriptFolder folder, Script script, Engine engine) =>
        script.Commands.Any(command => command.Type.StartsWith("component", StringComparison.Ordinal)) || IsOfComponents(folder, script)
            ? new ComponentHarness(folder, engine)
            : new CoreHarness(folder, engine);

    // A script may hold nothing but components that must be refused.
    private static bool IsOfComponents(ScriptFolder folder, Script script)
    {
        if (script.Commands.Any(command => command.Type.StartsWith("module", StringComparison.Ordinal))) return false;
        ScriptCommand? first = script.Commands.FirstOrDefault(command => command.BinaryFile is not null);
        return first is not null && ModuleReader.IsComponent(folder.File(first.BinaryFile!));
    }

    private sealed record Request(string Path, string? Filter, string? Group, int Jobs, bool Json, bool Verbose);
}
