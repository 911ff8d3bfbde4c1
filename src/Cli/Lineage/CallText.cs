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

    public static string Label(Label label) => Short(label.ToString(), LongestLabel);

    /// <summary>What went in and what came out, where there is anything to say.</summary>
    public static string Labels(CallInfo call) => (call.LabelIn.Tags.IsEmpty, call.LabelOut.Tags.IsEmpty) switch
    {
        (true, true) => "",
        _ when call.LabelIn.Equals(call.LabelOut) => Label(call.LabelIn),
        _ => $"{Dash(Label(call.LabelIn))} → {Dash(Label(call.LabelOut))}",
    };

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
