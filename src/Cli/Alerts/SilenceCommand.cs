using System.CommandLine;
using System.Globalization;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Expressions.Values;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;

namespace Chain.Cli.Alerts;

/// <summary><c>chain silence add|list|expire</c>.</summary>
internal static class SilenceCommand
{
    public static Command Create() => new("silence", "Keep alerts quiet for a time; their violations are recorded all the same.")
    {
        Add(),
        List(),
        Expire(),
    };

    private static Command Add()
    {
        var matchers = new Argument<string[]>("LABEL=PATTERN")
        {
            Description = $"All must match; labels: {string.Join(", ", Silence.Labels)}; * is any run of characters without a slash, ** any run.",
            Arity = ArgumentArity.OneOrMore,
        };
        var duration = new Option<string>("--for") { Description = "How long, such as 30m or 2h.", HelpName = "DURATION", Required = true };
        var comment = new Option<string>("--comment") { Description = "Why.", DefaultValueFactory = _ => "" };
        var author = new Option<string>("--author") { Description = "Who asks for it.", DefaultValueFactory = _ => Environment.UserName };
        Command command = new Command("add", "Add a silence; prints its number.") { matchers, duration, comment, author }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            IReadOnlyDictionary<string, string> labels = ReadMatchers(parsed.GetRequiredValue(matchers));
            string text = parsed.GetRequiredValue(duration);
            if (!DurationText.TryParse(text, out long nanoseconds) || nanoseconds <= 0) throw new CommandException($"--for: expected a duration such as 30m or 2h, found '{text}'");
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            var silence = new Silence(0, labels, now, now.AddTicks(nanoseconds / 100), parsed.GetValue(author)!, parsed.GetValue(comment)!);
            long id = await new SilenceStore(store.Database).AddAsync(silence, cancellation);
            Console.Out.WriteLine($"silence {id} until {AlertsCommand.Time(silence.Ends)}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command List()
    {
        var all = new Option<bool>("--all") { Description = "Also those that have ended." };
        Command command = new Command("list", "List silences.") { all }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            var listing = new Listing("silences", "number#", "matches", "ends", "author", "comment");
            foreach (Silence silence in await new SilenceStore(store.Database).ListAsync(DateTimeOffset.UtcNow, parsed.GetValue(all), cancellation))
            {
                listing.Add(
                    silence.Id.ToString(CultureInfo.InvariantCulture), string.Join(' ', silence.Matchers.Select(m => $"{m.Key}={m.Value}")),
                    AlertsCommand.Time(silence.Ends), silence.Author, silence.Comment);
            }

            listing.Write();
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Expire()
    {
        var number = new Argument<long>("NUMBER") { Description = "The silence's number." };
        Command command = new Command("expire", "End a silence now.") { number }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            long id = parsed.GetRequiredValue(number);
            if (!await new SilenceStore(store.Database).ExpireAsync(id, DateTimeOffset.UtcNow, cancellation)) throw new CommandException($"there is no silence {id} that has not ended");
            Console.Out.WriteLine($"silence {id} has ended");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Dictionary<string, string> ReadMatchers(string[] texts)
    {
        var matchers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            string label = equals < 0 ? text : text[..equals];
            if (equals < 0 || !Silence.Labels.Contains(label)) throw new CommandException($"'{text}': expected LABEL=PATTERN with a label of {string.Join(", ", Silence.Labels)}");
            try
            {
                matchers[label] = new Glob(text[(equals + 1)..]).Pattern;
            }
            catch (FormatException e)
            {
                throw new CommandException($"'{text}': {e.Message}");
            }
        }

        return matchers;
    }
}
