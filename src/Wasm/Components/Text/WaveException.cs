namespace Chain.Wasm.Components.Text;

/// <summary>A text is not the WAVE of a value of the type wanted.</summary>
/// <param name="line">The line, from 1.</param>
/// <param name="column">The column in that line, from 1; a Unicode scalar value counts as one.</param>
/// <param name="problem">What was expected there and what was found.</param>
public sealed class WaveException(int line, int column, string problem)
    : FormatException(line == 1 ? $"column {column}: {problem}" : $"line {line}, column {column}: {problem}")
{
    public int Line { get; } = line;

    public int Column { get; } = column;
}
