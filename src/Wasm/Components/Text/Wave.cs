using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Components.Text;

/// <summary>
/// WAVE, the text encoding of component values. What it has no form for (resources, streams, futures, error contexts) is refused when it is
/// read; handles are written as <c>&lt;own&gt;</c> and <c>&lt;borrow&gt;</c>, which cannot be read. A map is a list of tuples.
/// </summary>
public static class Wave
{
    /// <summary>The longest text that is read, in UTF-16 units.</summary>
    public const int LongestText = 16 * 1024 * 1024;

    /// <summary>The most values that a text may stand for, each part counted: three characters can leave out thousands of fields.</summary>
    public const int MostValues = 4_000_000;

    /// <summary>Reads one value.</summary>
    /// <exception cref="WaveException">The text is no value of the type.</exception>
    public static ComponentValue Parse(string text, ValType type) => WaveParser.Value(text, type);

    /// <summary>Reads the arguments of a call, with their parentheses; options at the end may be left out.</summary>
    /// <param name="text">What holds them; nothing may follow them.</param>
    /// <param name="type">The function's type.</param>
    /// <param name="start">Where the opening parenthesis, or blanks before it, begin; columns are counted from the start of the text.</param>
    /// <exception cref="WaveException">They are not arguments of such a function.</exception>
    public static ComponentValue[] ParseArguments(string text, FuncType type, int start = 0) => WaveParser.Arguments(text, type, start);

    /// <summary>The text of a value, in one line; a field that is <c>none</c> is left out of its record.</summary>
    public static string Format(ComponentValue value)
    {
        var text = new StringWriter();
        Write(value, text);
        return text.ToString();
    }

    /// <inheritdoc cref="Format"/>
    public static void Write(ComponentValue value, TextWriter output) => WaveWriter.Write(value, output);
}
