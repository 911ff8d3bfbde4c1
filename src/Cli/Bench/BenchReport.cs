using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Chain.Cli.Bench;

/// <summary>Which direction of a figure is the good one.</summary>
internal enum Better
{
    /// <summary>A duration, a size, an overhead.</summary>
    Lower,

    /// <summary>A rate.</summary>
    Higher,
}

/// <summary>One line of a benchmark's result.</summary>
/// <param name="Case">What was measured.</param>
/// <param name="Unit">The unit of both figures, such as <c>ms</c> or <c>calls/s</c>.</param>
/// <param name="Ours">Our median; null when ours could not run, which a note must explain.</param>
/// <param name="Peer">The peer's median; null when the peer is missing or has no such case.</param>
/// <param name="PeerName">Who the peer is, with its version; null without a peer.</param>
/// <param name="Better">Which direction is good, so that the ratio can be read one way.</param>
/// <param name="InGeomean">Whether the row's ratio is part of the geometric mean.</param>
internal sealed record BenchRow(
    string Case, string Unit, double? Ours, double? Peer = null, string? PeerName = null, Better Better = Better.Lower, bool InGeomean = true)
{
    /// <summary>Above 1 when ours is better; null when there is nothing to compare with.</summary>
    public double? Ratio => this switch
    {
        { Ours: not > 0 } or { Peer: not > 0 } => null,
        { Better: Better.Lower } => Peer / Ours,
        _ => Ours / Peer,
    };
}

/// <summary>
/// What every <c>chain bench</c> prints: a table for people, or with <c>--json</c> the shape in DESIGN.md, "Benchmarks".
/// Not thread-safe.
/// </summary>
/// <param name="name">The benchmark's name, as in <c>chain bench NAME</c>.</param>
internal sealed class BenchReport(string name)
{
    private static readonly JsonSerializerOptions JsonShape = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<BenchRow> rows = [];
    private readonly List<string> notes = [];

    /// <summary>The rows so far, in the order in which they were added.</summary>
    public IReadOnlyList<BenchRow> Rows => rows;

    /// <summary>The notes so far; each stands once, however often it was added.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>The geometric mean of the ratios of the rows marked for it; null when there is none.</summary>
    public double? Geomean
    {
        get
        {
            var logs = new List<double>();
            foreach (BenchRow row in rows)
            {
                if (row is { InGeomean: true, Ratio: { } ratio }) logs.Add(Math.Log(ratio));
            }

            return logs.Count == 0 ? null : Math.Exp(logs.Sum() / logs.Count);
        }
    }

    /// <summary>Adds a row.</summary>
    public void Add(BenchRow row) => rows.Add(row);

    /// <summary>Adds a note: a missing peer, how a figure came about, what was left out and why.</summary>
    public void Note(string note)
    {
        if (!notes.Contains(note)) notes.Add(note);
    }

    /// <summary>The median of <paramref name="samples"/>, which is left as it is.</summary>
    /// <exception cref="ArgumentException">There is no sample.</exception>
    public static double Median(IReadOnlyCollection<double> samples)
    {
        if (samples.Count == 0) throw new ArgumentException("a median needs at least one sample", nameof(samples));
        double[] sorted = [.. samples];
        Array.Sort(sorted);
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Prints the report on standard output.</summary>
    /// <param name="json">The JSON shape in place of the table.</param>
    public void Print(bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(ToJson());
            return;
        }

        IAnsiConsole console = AnsiConsole.Console;
        // Without a terminal Spectre assumes 80 columns and would fold the cells of a table that goes to a file.
        if (Console.IsOutputRedirected) console.Profile.Width = 200;
        Write(console);
    }

    /// <summary>The report in the JSON shape of DESIGN.md, "Benchmarks".</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Bench = name,
            Rows = rows.Select(row => new { row.Case, row.Unit, row.Ours, row.Peer, row.PeerName, row.Ratio }),
            Geomean,
            Notes = notes,
        },
        JsonShape);

    private void Write(IAnsiConsole console)
    {
        string?[] peers = [.. rows.Select(row => row.PeerName).Where(peer => peer is not null).Distinct()];
        string peerTitle = peers.Length == 1 ? peers[0]! : "peer";
        Table table = new Table().Border(TableBorder.Simple).AddColumn("case").AddColumn("unit");
        foreach (string title in new[] { "ours", peerTitle, "ratio" })
        {
            table.AddColumn(new TableColumn(Markup.Escape(title)).RightAligned());
        }

        if (peers.Length > 1) table.AddColumn("peer name");
        foreach (BenchRow row in rows)
        {
            List<string> cells = [row.Case, row.Unit, Figure(row.Ours), Figure(row.Peer), Ratio(row.Ratio)];
            if (peers.Length > 1) cells.Add(row.PeerName ?? "");
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        console.Write(table);
        if (Geomean is { } mean) console.WriteLine($"geometric mean {Ratio(mean)} (a ratio above 1: ours is better)");
        foreach (string note in notes) console.WriteLine($"note: {note}");
    }

    private static string Ratio(double? ratio) => ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Three significant digits or all of the whole ones, so that columns of one unit can be compared by eye.</summary>
    private static string Figure(double? value) => value switch
    {
        null => "",
        { } v when Math.Abs(v) >= 100 => v.ToString("#,0", CultureInfo.InvariantCulture),
        { } v when Math.Abs(v) >= 10 => v.ToString("0.0", CultureInfo.InvariantCulture),
        { } v when Math.Abs(v) >= 1 => v.ToString("0.00", CultureInfo.InvariantCulture),
        { } v => v.ToString("0.000", CultureInfo.InvariantCulture),
    };
}
