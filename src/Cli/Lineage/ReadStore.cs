using System.CommandLine;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Lineage;

/// <summary>The store as the reading commands use it. Turns what it refuses into one line.</summary>
internal sealed class ReadStore : IAsyncDisposable
{
    private readonly StoreConnection _connection;

    private ReadStore(StoreConnection connection, StoreReader reader)
    {
        _connection = connection;
        Reader = reader;
    }

    public StoreReader Reader { get; }

    public CallQuery Calls => new(Reader);

    public TraceQuery Traces => new(Reader);

    public LineageQuery Lineage => new(Reader);

    /// <summary>Runs a command's work with the store that its options name.</summary>
    /// <exception cref="CommandException">The store or the question is at fault.</exception>
    public static async Task<int> UseAsync(ParseResult parsed, LineageLimits limits, Func<ReadStore, Task<int>> work, CancellationToken cancellation)
    {
        await using StoreConnection connection = await StoreConnection.OpenAsync(parsed, cancellation);
        try
        {
            await using var store = new ReadStore(connection, new StoreReader(connection.ConnectionString, limits));
            return await work(store);
        }
        catch (LineageException e)
        {
            throw new CommandException(e.Message);
        }
        catch (StoreException e)
        {
            throw new CommandException(e.Message, ExitCode.Unavailable);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw new CommandException($"the store did not answer within {limits.Timeout.TotalSeconds:0} s; ask for less, or see --timeout", ExitCode.Unavailable);
        }
        catch (NpgsqlException e)
        {
            throw new CommandException($"the store failed: {e.Message}", ExitCode.Unavailable);
        }
    }

    public ValueTask DisposeAsync() => Reader.DisposeAsync();
}

/// <summary>Reads the words by which people name calls, tags and outcomes.</summary>
internal static class CallWords
{
    /// <exception cref="CommandException">It is none.</exception>
    public static (CallId Call, ValueSide? Side) Value(string what, string text) =>
        CallValue.TryParse(text, out CallId call, out ValueSide? side)
            ? (call, side)
            : throw new CommandException($"{what}: expected a call's 16 hexadecimal digits, perhaps with ':in' or ':out'; found '{Shown(text)}'");

    /// <exception cref="CommandException">It is none.</exception>
    public static Tag Tag(string what, string text)
    {
        try
        {
            return Tracer.Tags.Tag.Parse(text);
        }
        catch (FormatException e)
        {
            throw new CommandException($"{what}: {Chain.Wasm.Text.TextLiteral.OneLine(e.Message)}");
        }
    }

    /// <exception cref="CommandException">It is none.</exception>
    public static CallOutcome Outcome(string text) => text switch
    {
        "returned" => CallOutcome.Returned,
        "error" => CallOutcome.ErrorResult,
        "trapped" => CallOutcome.Trapped,
        "timed-out" => CallOutcome.TimedOut,
        "cancelled" => CallOutcome.Cancelled,
        "denied" => CallOutcome.Denied,
        "not-started" => CallOutcome.NotStarted,
        "lost" => CallOutcome.Lost,
        _ => throw new CommandException($"--outcome: expected returned, error, trapped, timed-out, cancelled, denied, not-started or lost; found '{Shown(text)}'"),
    };

    public static string Text(CallOutcome outcome) => Silo.Calls.OutcomeNames.Of(outcome);

    public static string Shown(string text) => Chain.Wasm.Text.TextLiteral.OneLine(text.Length <= 80 ? text : text[..80] + "…");
}
