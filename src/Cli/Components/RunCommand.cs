using System.CommandLine;
using Chain.Cli.Wasm;
using Chain.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;

namespace Chain.Cli.Components;

/// <summary><c>chain component run</c>: runs a command, or calls one exported function.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A component, .wasm or .wasm.gz." };
        var arguments = new Argument<string[]>("ARG")
        {
            Description = "The command's arguments; put -- before them.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var invoke = new Option<string?>("--invoke")
        {
            Description = "Call an exported function in place of the command, with arguments in WAVE: 'interface#function(\"text\", 5)'.",
            HelpName = "CALL",
        };
        var grants = new GrantOptions();
        var deadline = new Option<int?>("--deadline") { Description = "How long it may run; no limit by default.", HelpName = "MS" };
        var memory = new Option<long?>("--memory") { Description = "What its memories may take together; 1 GiB by default.", HelpName = "BYTES" };
        var json = new Option<bool>("--json") { Description = "The result of --invoke as JSON." };
        var command = new Command("run", "Run a command (a component that exports wasi:cli/run), or call an exported function.")
        {
            file, arguments, invoke, deadline, memory, json,
        };
        grants.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            AtLeast("--deadline", result.GetValue(deadline), 1);
            AtLeast("--memory", result.GetValue(memory), 0);
            bool asJson = result.GetValue(json);
            string? call = result.GetValue(invoke);
            if (asJson && call is null) throw new CommandException("--json shows the result of --invoke; a command's output is its own");
            var defaults = new StoreLimits();
            var run = new ComponentRun(
                result.GetValue(file)!,
                result.GetValue(arguments)!,
                grants.Read(result),
                defaults with { MemoryBytes = result.GetValue(memory) ?? defaults.MemoryBytes },
                result.GetValue(deadline) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : Timeout.InfiniteTimeSpan);
            // Off this thread, so that Ctrl-C is heard while the guest runs.
            return Task.Run(() => Run(run, call, asJson, cancellation), CancellationToken.None);
        });
        return command;
    }

    private static void AtLeast(string option, long? value, long least)
    {
        if (value < least) throw new CommandException($"{option} {value}: expected {least} or more");
    }

    private static int Run(ComponentRun run, string? call, bool json, CancellationToken cancellation)
    {
        try
        {
            if (call is null) return run.Command(cancellation);
            InvokeResult result = run.Invoke(call, cancellation);
            if (json) ResultJson.WriteResult(result);
            else if (result.Value is not null) Console.Out.WriteLine(result.Wave);
            return ExitCode.Ok;
        }
        catch (GuestExitException e)
        {
            return e.ExitCode;
        }
        catch (WasmTrapException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (WasmException e) when (e is WasmTrapException or ComponentTrapException or WasmGuestException or WasmLimitException)
        {
            if (json) CallJson.WriteFailure(e, []);
            Console.Error.WriteLine($"chain: {TextLiteral.OneLine(e.Message)}");
            return ExitCode.Failed;
        }
        catch (WasmException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
