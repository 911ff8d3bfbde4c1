using System.Text;
using Chain.Wasm.Text;
using Spectre.Console;

namespace Chain.Cli.Output;

/// <summary>
/// A titled list in columns: a table in a terminal, aligned plain lines where output goes to a file or a pipe, so that it can be searched
/// and cut. Cells may hold a stranger's text; what a terminal would act on is escaped. Not thread-safe.
/// </summary>
/// <param name="title">Its heading.</param>
/// <param name="columns">The column titles; one that ends in <c>#</c> is right-aligned and loses the mark.</param>
internal sealed class Listing(string title, params string[] columns)
{
    // Laying out a table measures every cell several times; a list this long is searched, not admired.
    private const int LongestTable = 2000;

    // One endless name must not pad every other line to its length.
    private const int WidestColumn = 60;

    private readonly List<string[]> rows = [];

    public int Count => rows.Count;

    public void Add(params string[] cells)
    {
        if (cells.Length != columns.Length) throw new ArgumentException($"{columns.Length} cells expected, {cells.Length} given", nameof(cells));
        for (int i = 0; i < cells.Length; i++) cells[i] = TextLiteral.OneLine(cells[i]);
        rows.Add(cells);
    }

    /// <summary>Prints it on standard output; nothing where it has no row.</summary>
    public void Write()
    {
        if (rows.Count == 0) return;
        if (Console.IsOutputRedirected || rows.Count > LongestTable) WritePlain(Console.Out);
        else WriteTable(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }));
    }

    internal void WritePlain(TextWriter writer)
    {
        using var output = new ChunkedWriter(writer);
        output.WriteLine(title);
        var widths = new int[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            widths[i] = Name(i).Length;
            foreach (string[] row in rows) widths[i] = Math.Max(widths[i], Math.Min(row[i].Length, WidestColumn));
        }

        WriteLine(output, [.. columns.Select((_, i) => Name(i))], widths);
        foreach (string[] row in rows) WriteLine(output, row, widths);
        output.WriteLine();
    }

    private void WriteLine(TextWriter output, string[] cells, int[] widths)
    {
        var line = new StringBuilder();
        for (int i = 0; i < cells.Length; i++)
        {
            line.Append("  ");
            int padding = Math.Max(0, widths[i] - cells[i].Length);
            if (IsRight(i)) line.Append(' ', padding).Append(cells[i]);
            else line.Append(cells[i]).Append(' ', padding);
        }

        output.WriteLine(line.ToString().TrimEnd());
    }

    private void WriteTable(IAnsiConsole console)
    {
        console.WriteLine(title);
        var table = new Table { Border = TableBorder.Simple };
        for (int i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn(new Spectre.Console.Text(Name(i)));
            table.AddColumn(IsRight(i) ? column.RightAligned() : column);
        }

        // Text, unlike a string cell, is never read as markup.
        foreach (string[] row in rows) table.AddRow(row.Select(cell => new Spectre.Console.Text(cell)));
        console.Write(table);
    }

    private bool IsRight(int i) => columns[i].EndsWith('#');

    private string Name(int i) => columns[i].TrimEnd('#');
}
