using System.CommandLine;
using System.CommandLine.Parsing;
using Chain.Tracer.Storage;
using Npgsql;
using Chain.Wasm.Text;

namespace Chain.Cli;

/// <summary>Parses, runs, and turns every failure into one line and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>Set to <c>1</c> to see stack traces.</summary>
    private const string TraceVariable = "CHAIN_TRACE_ERRORS";

    public static int Run(RootCommand root, string[] args)
    {
        // No argument means a file of arguments: an export may be called @name.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError error in parsed.Errors) Console.Error.WriteLine($"chain: {error.Message}");
            string path = CommandPath(parsed.CommandResult);
            Console.Error.WriteLine($"chain: see '{path} --help'");
            return ExitCode.BadInput;
        }

        try
        {
            return parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false })
                .GetAwaiter().GetResult();
        }
        catch (CommandException e)
        {
            return Fail(e.Message, e.ExitCode, e);
        }
        catch (OperationCanceledException e)
        {
            return Fail("interrupted", ExitCode.Interrupted, e);
        }
        catch (Exception e) when (e is StoreException or NpgsqlException)
        {
            return Fail($"the store: {e.Message}", ExitCode.Unavailable, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message, ExitCode.BadInput, e);
        }
        catch (Exception e)
        {
            return Fail($"internal error: {e.GetType().Name}: {e.Message} (set {TraceVariable}=1 for the stack trace)", ExitCode.Internal, e);
        }
    }

    private static int Fail(string message, int code, Exception e)
    {
        // A message may quote a stranger's names; it stays one line and moves no cursor.
        Console.Error.WriteLine($"chain: {TextLiteral.OneLine(message)}");
        if (Environment.GetEnvironmentVariable(TraceVariable) == "1") Console.Error.WriteLine(e);
        return code;
    }

    private static string CommandPath(SymbolResult result)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult { Command: RootCommand }) names.Push("chain");
            else if (at is CommandResult command) names.Push(command.Command.Name);
        }

        return string.Join(' ', names);
    }
}
