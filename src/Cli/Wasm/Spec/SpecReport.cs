using System.Globalization;
using System.Text.Json;
using Chain.Cli.Output;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm.Spec;

/// <summary>The results of a run: a table by file, what failed and why, and the count.</summary>
internal sealed class SpecReport(IReadOnlyList<ScriptResult> results)
{
    // A script whose first module is refused fails in every line after it.
    private const int FailuresShown = 10;

    private static readonly JsonSerializerOptions JsonShape = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public int Passed { get; } = results.Sum(result => result.Passed);

    public int Failed { get; } = results.Sum(result => result.Failed);

    public int Skipped { get; } = results.Sum(result => result.Skipped);

    /// <summary>The last line of a run.</summary>
    public string Count => string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed, {Skipped} skipped");

    /// <summary>Prints all of it.</summary>
    /// <param name="verbose">Every failure and every skip rather than the first failures of each file.</param>
    public void Write(bool verbose)
    {
        var list = new Listing("scripts", "file", "passed#", "failed#", "skipped#", "ms#");
        foreach (ScriptResult result in results)
            list.Add(result.Path, Number(result.Passed), Number(result.Failed), Number(result.Skipped), Number((long)result.Duration.TotalMilliseconds));
        list.Write();
        using (var output = new ChunkedWriter(Console.Out))
        {
            foreach (ScriptResult result in results) WriteRemarks(output, result, verbose);
            var reasons = results.SelectMany(result => result.Remarks)
                .Where(remark => remark.Verdict == Verdict.Skipped)
                .GroupBy(remark => remark.Detail)
                .OrderByDescending(reason => reason.Count());
            foreach (IGrouping<string, Remark> reason in reasons) output.WriteLine($"skipped {Number(reason.Count())}: {TextLiteral.OneLine(reason.Key)}");
        }

        Console.Out.WriteLine(Count);
    }

    /// <summary>Prints it as JSON; <c>docs/wasm.md</c> says its shape.</summary>
    public void WriteJson() => Console.Out.WriteLine(JsonSerializer.Serialize(
        new
        {
            Passed,
            Failed,
            Skipped,
            Files = results.Select(result => new
            {
                result.Name,
                result.Path,
                result.Passed,
                result.Failed,
                result.Skipped,
                Milliseconds = (long)result.Duration.TotalMilliseconds,
                Failures = Remarks(result, Verdict.Failed),
                Skips = Remarks(result, Verdict.Skipped),
            }),
        },
        JsonShape));

    private static object[] Remarks(ScriptResult result, Verdict verdict) =>
        [.. result.Remarks.Where(remark => remark.Verdict == verdict).Select(remark => new { remark.Line, remark.Command, remark.Detail })];

    private static void WriteRemarks(TextWriter output, ScriptResult result, bool verbose)
    {
        int failures = 0;
        foreach (Remark remark in result.Remarks)
        {
            if (remark.Verdict == Verdict.Skipped && !verbose) continue;
            if (remark.Verdict == Verdict.Failed && ++failures > FailuresShown && !verbose) continue;
            string verdict = remark.Verdict == Verdict.Failed ? "failed" : "skipped";
            output.WriteLine($"{verdict} {remark.Script}:{Number(remark.Line)} {remark.Command}: {TextLiteral.OneLine(remark.Detail)}");
        }

        if (failures > FailuresShown && !verbose)
            output.WriteLine($"failed {result.Path}: and {Number(failures - FailuresShown)} more; --verbose lists them");
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
