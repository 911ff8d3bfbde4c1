using System.Globalization;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Tags;
using Chain.Wasm.Text;

namespace Chain.Cli.Lineage;

/// <summary>How calls are written for people. Names and tags come from guests: nothing that a terminal would act on leaves this class.</summary>
internal static class CallText
{
    private const int LongestName = 60;
    private const int LongestLabel = 80;

    public static string Function(CallInfo call) => $"{Short(call.Shape.Callee.Name, LongestName)} {Short(call.Shape.Function.Name, LongestName)}";

    /// <summary>The same, and <see cref="Place"/> where that says anything.</summary>
    public static string FunctionAndPlace(CallInfo call) => Place(call) is { Length: > 0 } place ? $"{Function(call)}, {place}" : Function(call);

    public static string Label(Label label) => Short(label.ToString(), LongestLabel);

    /// <summary>What went in and what came out, where there is anything to say.</summary>
    public static string Labels(CallInfo call) => (call.LabelIn.Tags.IsEmpty, call.LabelOut.Tags.IsEmpty) switch
    {
        (true, true) => "",
        _ when call.LabelIn.Equals(call.LabelOut) => Label(call.LabelIn),
        _ => $"{Dash(Label(call.LabelIn))} → {Dash(Label(call.LabelOut))}",
    };

    /// <summary>How it ended where it did not return, which attempt it was where not the first, and on which silo it ran where not where it was recorded.</summary>
    public static string Ending(CallInfo call)
    {
        string outcome = call.Shape.Outcome == CallOutcome.Returned ? "" : CallWords.Text(call.Shape.Outcome);
        string place = Place(call);
        return outcome.Length > 0 && place.Length > 0 ? $"{outcome}, {place}" : outcome + place;
    }

    /// <summary>Which attempt it was where not the first, and on which silo it ran where not where it was recorded: <c>attempt 2 on s3</c>.</summary>
    public static string Place(CallInfo call)
    {
        string attempt = call.Shape.Attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $"attempt {call.Shape.Attempt}") : "";
        string host = call.Shape.Host.Length > 0 ? $"on {Short(call.Shape.Host, LongestName)}" : "";
        return attempt.Length > 0 && host.Length > 0 ? $"{attempt} {host}" : attempt + host;
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    public static string Duration(double microseconds) => microseconds switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds:0.#} µs"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e3:0.##} ms"),
        < 60_000_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e6:0.##} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 60e6:0.#} min"),
    };

    public static string Short(string text, int most) => TextLiteral.OneLine(text.Length <= most ? text : text[..(most - 1)] + "…");

    private static string Dash(string text) => text.Length == 0 ? "–" : text;
}
