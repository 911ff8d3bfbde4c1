using System.CommandLine;
using Chain.Cli.Output;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Tags;
using Chain.Wasm.Text;

namespace Chain.Cli.Lineage;

/// <summary><c>chain why TAG AT</c>: how a tag came to a component or a call.</summary>
internal static class WhyCommand
{
    public static Command Create()
    {
        var tag = new Argument<string>("TAG") { Description = "name for any value, name=value for one; '+' before an integrity tag." };
        var at = new Argument<string>("AT") { Description = "A component (its newest call with the tag), or a call's 16 hexadecimal digits, perhaps with ':in' or ':out'." };
        var function = new Option<string?>("--function") { Description = "Of the component, only this function.", HelpName = "NAME" };
        var since = new Option<string?>("--since") { Description = "Of the component, no call before this time.", HelpName = "TIME" };
        var output = new GraphOutput();
        Command command = new Command("why", "How a tag came to a component or a call: a shortest way from the nearest place where it was put on.") { tag, at, function, since }.WithLimits().WithStore();
        output.AddTo(command);
        command.SetAction((parsed, cancellation) => ReadStore.UseAsync(parsed, LimitOptions.Read(parsed), async store =>
        {
            Tag asked = CallWords.Tag("TAG", parsed.GetValue(tag)!);
            string place = parsed.GetValue(at)!;
            CallId? call = null;
            ValueSide? side = null;
            if (CallValue.TryParse(place, out CallId id, out ValueSide? one)) (call, side) = (id, one);
            else (call, side) = await NewestAsync(store, asked, place, parsed.GetValue(function), parsed.GetValue(since), cancellation);

            LineagePath? path = call is null ? null : await Progress.Of("searching", _ => store.Lineage.WhyAsync(asked, call.Value, side, cancellation));
            string shown = CallWords.Shown(place);
            output.Write(parsed, path, Found(asked, shown, path), $"{shown} never had {asked}{(call is null ? " in what the store keeps" : "")}.");
            return ExitCode.Ok;
        }, cancellation));
        return command;
    }

    private static string Found(Tag tag, string place, LineagePath? path)
    {
        if (path is null) return "";
        if (path.Edges.Count == 0) return $"{place} has {tag} because it was put on there: nothing that went into it had it.";
        return $"{place} has {tag} because of data that got it {path.Edges.Count} {(path.Edges.Count == 1 ? "step" : "steps")} before:";
    }

    private static async Task<(CallId? Call, ValueSide? Side)> NewestAsync(ReadStore store, Tag tag, string component, string? function, string? since, CancellationToken cancellation)
    {
        var filter = new CallFilter
        {
            Component = component, Function = function, Tag = tag,
            Since = since is null ? null : StoreText.Time("--since", since, DateTimeOffset.UtcNow),
        };
        IReadOnlyList<string> names = await store.Calls.ComponentsAsync(cancellation);
        if (!names.Any(name => name == component || name.EndsWith("/" + component, StringComparison.Ordinal)))
        {
            throw new CommandException($"AT: there is no component '{CallWords.Shown(component)}' in the store, and it is no call's 16 hexadecimal digits{NearNames.Hint(component, [.. names])}");
        }

        foreach (ValueSide side in (ValueSide[])[ValueSide.In, ValueSide.Out])
        {
            if (await store.Calls.NewestAsync(filter, side, cancellation) is { } call) return (call, side);
        }

        return (null, null);
    }
}
