using System.CommandLine;
using Chain.Cli.RecordStore;
using Chain.Tracer.Lineage;

namespace Chain.Cli.Lineage;

/// <summary>The options that say which calls are meant.</summary>
internal sealed class FilterOptions
{
    private readonly Option<string?> _since = new("--since") { Description = "Not before this time: 2026-11-22T10:00:00Z, a date, or how long ago such as 15m.", HelpName = "TIME" };
    private readonly Option<string?> _until = new("--until") { Description = "Before this time.", HelpName = "TIME" };
    private readonly Option<string?> _component = new("--component") { Description = "Calls of this component, with or without its application.", HelpName = "NAME" };
    private readonly Option<string?> _function = new("--function") { Description = "Calls of this function, with or without its interface.", HelpName = "NAME" };
    private readonly Option<string?> _tag = new("--tag") { Description = "Calls whose data had this tag.", HelpName = "TAG" };
    private readonly Option<string?> _outcome = new("--outcome") { Description = "Calls that ended so: returned, error, trapped, timed-out, cancelled, denied, not-started, lost.", HelpName = "OUTCOME" };
    private readonly Option<string?> _duration = new("--min-duration") { Description = "Calls that lasted at least so long: 250us, 20ms, 3s.", HelpName = "TIME" };

    public void AddTo(Command command, bool withTag)
    {
        foreach (Option option in (Option[])[_since, _until, _component, _function, _outcome, _duration]) command.Options.Add(option);
        if (withTag) command.Options.Add(_tag);
    }

    /// <exception cref="CommandException">A value is malformed.</exception>
    public CallFilter Read(ParseResult parsed)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return new CallFilter
        {
            Since = parsed.GetValue(_since) is { } since ? StoreText.Time("--since", since, now) : null,
            Until = parsed.GetValue(_until) is { } until ? StoreText.Time("--until", until, now) : null,
            Component = parsed.GetValue(_component),
            Function = parsed.GetValue(_function),
            Tag = parsed.GetResult(_tag) is not null && parsed.GetValue(_tag) is { } tag ? CallWords.Tag("--tag", tag) : null,
            Outcome = parsed.GetValue(_outcome) is { } outcome ? CallWords.Outcome(outcome) : null,
            MinDuration = parsed.GetValue(_duration) is { } duration ? Duration(duration) : null,
        };
    }

    private static TimeSpan Duration(string text)
    {
        foreach ((string unit, double microseconds) in ((string, double)[])[("us", 1), ("µs", 1), ("ms", 1e3), ("s", 1e6), ("m", 60e6)])
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) &&
                double.TryParse(text.AsSpan(0, text.Length - unit.Length), System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out double amount) &&
                amount * microseconds < 1e15)
            {
                return TimeSpan.FromMicroseconds(amount * microseconds);
            }
        }

        throw new CommandException($"--min-duration: expected a time such as 250us, 20ms or 3s; found '{CallWords.Shown(text)}'");
    }
}

/// <summary>The options that bound what one question may read.</summary>
internal static class LimitOptions
{
    private static readonly Option<int> MaxCalls = new("--max-calls") { Description = "Most calls that are read, about 100 bytes of memory each.", DefaultValueFactory = _ => new LineageLimits().Calls };
    private static readonly Option<int> Timeout = new("--timeout") { Description = "Seconds that the store may take for one statement.", DefaultValueFactory = _ => (int)new LineageLimits().Timeout.TotalSeconds };

    public static Command WithLimits(this Command command)
    {
        command.Options.Add(MaxCalls);
        command.Options.Add(Timeout);
        return command;
    }

    /// <exception cref="CommandException">A value is out of range.</exception>
    public static LineageLimits Read(ParseResult parsed)
    {
        (int calls, int timeout) = (parsed.GetValue(MaxCalls), parsed.GetValue(Timeout));
        if (calls is < 1 or > 100_000_000) throw new CommandException($"--max-calls: expected 1 to 100000000, found {calls}");
        if (timeout is < 1 or > 86_400) throw new CommandException($"--timeout: expected 1 to 86400 seconds, found {timeout}");
        return new LineageLimits { Calls = calls, Timeout = TimeSpan.FromSeconds(timeout) };
    }
}
