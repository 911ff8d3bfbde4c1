using System.CommandLine;
using System.Text;
using Chain.Cli.Output;
using Chain.Tracer.Storage;

namespace Chain.Cli.RecordStore;

/// <summary><c>chain store export</c>.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var what = new Argument<ExportRecords>("RECORDS") { Description = "calls or flows.", DefaultValueFactory = _ =>
            ExportRecords.Calls };
        var format = new Option<string>("--format") { Description = "jsonl or csv.", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl", "csv");
        var json = new Option<bool>("--json") { Description = "The same as --format jsonl." };
        var since = new Option<string>("--since") { Description = "First start to include: a time, or how long ago (2h).",
            DefaultValueFactory = _ => "2025-01-01", HelpName = "TIME" };
        var until = new Option<string>("--until") { Description = "First start to leave out.", DefaultValueFactory = _ => "0s",
            HelpName = "TIME" };
        var output = new Option<string?>("--output") { Description = "A file; standard output when absent.", HelpName = "FILE" };
        Command command = new Command("export", "Write calls or flows for other programs: one JSON object a line, or CSV.") { what, format,
            json, since, until, output }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            DateTimeOffset from = StoreText.Time("--since", parsed.GetValue(since)!, now),
                to = StoreText.Time("--until", parsed.GetValue(until)!, now);
            if (from >= to) throw new CommandException($"--since ({from:u}) is not before --until ({to:u})");
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            var export = new StoreExport(store.Database);
            ExportFormat form = parsed.GetValue(format) == "csv" && !parsed.GetValue(json) ? ExportFormat.Csv : ExportFormat.JsonLines;
            string? path = parsed.GetValue(output);
            // Beside its final place until it is whole: half an export must not look like one.
            string? unfinished = path is null ? null : path + ".part";
            long count;
            await using (TextWriter writer = unfinished is null
                ? new ChunkedWriter(Console.Out)
                : new StreamWriter(unfinished, false, new UTF8Encoding(false), 1 << 16))
            {
                var progress = Console.IsErrorRedirected ? null
                    : new Progress<long>(rows => Console.Error.Write($"\r{StoreText.Count(rows)} rows"));
                count = await export.WriteAsync(parsed.GetValue(what), form, from, to, writer, progress, cancellation);
            }

            if (unfinished is not null)
            {
                File.Move(unfinished, path!, overwrite: true);
                Console.Error.WriteLine($"{(Console.IsErrorRedirected ? "" : "\r")}{StoreText.Count(count)} rows to {path}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
