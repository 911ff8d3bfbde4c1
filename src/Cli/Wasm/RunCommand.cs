using System.CommandLine;
using Chain.Cli.Output;
using Chain.Wasm;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm;

/// <summary><c>chain wasm run</c>: calls one exported function of a module.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A core module, .wasm or .wasm.gz." };
        var arguments = new Argument<string[]>("ARG")
        {
            Description = "The arguments: integers decimal or 0x…, floats also as inf and nan, v128 as 0x…, references as null.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var invoke = new Option<string>("--invoke") { Description = "The exported function to call.", HelpName = "NAME", Required = true };
        var fuel = new Option<long?>("--fuel") { Description = "About how many instructions may run; no limit by default.", HelpName = "N" };
        var timeout = new Option<int?>("--timeout") { Description = "How long it may run; no limit by default.", HelpName = "MS" };
        var memory = new Option<long?>("--memory-limit") { Description = "What its memories may take together; 1 GiB by default.", HelpName = "BYTES" };
        var stack = new Option<int?>("--stack-limit") { Description = "What its call stack may take; 1 MiB by default.", HelpName = "BYTES" };
        var spectest = new Option<bool>("--spectest") { Description = "Offer the specification's test module 'spectest' to its imports." };
        var json = new Option<bool>("--json") { Description = "JSON on standard output." };
        var command = new Command("run", "Call an exported function of a module and print its results, one a line; exit code 1 on a trap.")
        {
            file, arguments, invoke, fuel, timeout, memory, stack, spectest, json,
        };
        command.SetAction((result, cancellation) =>
        {
            AtLeast("--fuel", result.GetValue(fuel), 0);
            AtLeast("--timeout", result.GetValue(timeout), 1);
            AtLeast("--memory-limit", result.GetValue(memory), 0);
            AtLeast("--stack-limit", result.GetValue(stack), 1);
            var defaults = new StoreLimits();
            var request = new ModuleCall(
                result.GetValue(file)!,
                result.GetValue(invoke)!,
                result.GetValue(arguments)!,
                defaults with
                {
                    Fuel = result.GetValue(fuel),
                    MemoryBytes = result.GetValue(memory) ?? defaults.MemoryBytes,
                    StackBytes = result.GetValue(stack) ?? defaults.StackBytes,
                },
                result.GetValue(timeout) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : Timeout.InfiniteTimeSpan,
                result.GetValue(spectest));
            // Off this thread, so that Ctrl-C is heard while the guest runs.
            return Task.Run(() => Run(request, result.GetValue(json), cancellation), CancellationToken.None);
        });
        return command;
    }

    private static void AtLeast(string option, long? value, long least)
    {
        if (value < least) throw new CommandException($"{option} {value}: expected {least} or more");
    }

    private const int FramesShown = 10;

    private static int Run(ModuleCall call, bool json, CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<CallResult> results = call.Run(cancellation);
            if (json) CallJson.WriteResults(results);
            else foreach (CallResult value in results) Console.Out.WriteLine(value.Text);
            return ExitCode.Ok;
        }
        catch (WasmTrapException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (WasmException e) when (e is WasmTrapException or WasmGuestException or WasmLimitException)
        {
            IReadOnlyList<string> backtrace = e is WasmTrapException trap ? [.. call.Backtrace(trap)] : [];
            if (json) CallJson.WriteFailure(e, backtrace);
            Console.Error.WriteLine($"chain: {TextLiteral.OneLine(e.Message)}");
            foreach (string frame in backtrace.Take(FramesShown)) Console.Error.WriteLine($"  at {frame}");
            if (backtrace.Count > FramesShown) Console.Error.WriteLine("  …");
            return ExitCode.Failed;
        }
        catch (WasmException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
