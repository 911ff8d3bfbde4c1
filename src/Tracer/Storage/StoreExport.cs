using System.Globalization;
using System.Text;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>How exported rows are written.</summary>
public enum ExportFormat
{
    /// <summary>One JSON object a line.</summary>
    JsonLines = 0,

    /// <summary>RFC 4180 with a header line.</summary>
    Csv = 1,
}

/// <summary>Which records an export has.</summary>
public enum ExportRecords
{
    /// <summary>Calls, with everything spelled out.</summary>
    Calls = 0,

    /// <summary>Flows other than between parent and child.</summary>
    Flows = 1,
}

/// <summary>Writes the records of a span of time, in the order of their ids, for other programs to read.</summary>
public sealed class StoreExport(NpgsqlDataSource database)
{
    private const string Labels =
        "(SELECT coalesce(string_agg(CASE t.kind WHEN 1 THEN '+' ELSE '' END || t.name || " +
        "CASE t.value WHEN '' THEN '' ELSE '=' || t.value END, ',' ORDER BY t.kind, t.name, t.value), '') " +
                                  "FROM label l JOIN tag t ON t.id = ANY (l.tags) WHERE l.id = {0})";

    private const string Hex = "lpad(to_hex({0}), 16, '0')";

    /// <summary>Writes the rows and says how many there were.</summary>
    /// <param name="records">Which ones.</param>
    /// <param name="format">How.</param>
    /// <param name="since">The first start that is included; for flows, of the call that received.</param>
    /// <param name="until">The first start that is not.</param>
    /// <param name="into">Gets the text; it is flushed, not closed.</param>
    /// <param name="progress">Told the number of rows now and then.</param>
    /// <param name="cancellation">Stops after the current row.</param>
    public async Task<long> WriteAsync(
        ExportRecords records, ExportFormat format, DateTimeOffset since, DateTimeOffset until, TextWriter into,
            IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        string select = records == ExportRecords.Calls ? CallsSql() : FlowsSql();
        string key = records == ExportRecords.Calls ? "v.id" : "v.dst";
        string range = string.Create(CultureInfo.InvariantCulture,
            $"{key} >= {Calls.CallId.At(since).Value} AND {key} < {Calls.CallId.At(until).Value}");
        string query = $"{select} WHERE {range} ORDER BY {key}";
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        return format == ExportFormat.Csv
            ? await WriteCsvAsync(connection, query, into, progress, cancellation)
            : await WriteJsonAsync(connection, query, into, progress, cancellation);
    }

    private static async Task<long> WriteCsvAsync(NpgsqlConnection connection, string query, TextWriter into, IProgress<long>? progress,
        CancellationToken cancellation)
    {
        using TextReader rows = await connection.BeginTextExportAsync($"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", cancellation);
        long count = -1;
        while (await rows.ReadLineAsync(cancellation) is { } line)
        {
            await into.WriteAsync(line);
            await into.WriteAsync('\n');
            if ((++count & 0xFFFF) == 0) progress?.Report(count);
        }

        await into.FlushAsync(cancellation);
        return count;
    }

    private static async Task<long> WriteJsonAsync(NpgsqlConnection connection, string query, TextWriter into, IProgress<long>? progress,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT row_to_json(r)::text FROM ({query}) r", connection) { CommandTimeout = 0 };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        long count = 0;
        while (await reader.ReadAsync(cancellation))
        {
            await into.WriteAsync(reader.GetString(0));
            await into.WriteAsync('\n');
            if ((++count & 0xFFFF) == 0) progress?.Report(count);
        }

        await into.FlushAsync(cancellation);
        return count;
    }

    private static string CallsSql() => new StringBuilder("SELECT ")
        .Append("CASE WHEN v.trace < 0 THEN (SELECT replace(t.trace_id::text, '-', '') FROM trace t WHERE t.key = v.trace LIMIT 1) END AS foreign_trace, ")
        .Append(F(Hex, "v.trace")).Append(" AS trace_key, ").Append(F(Hex, "v.id")).Append(" AS span, ").Append(F(Hex,
            "v.parent")).Append(" AS parent, ")
        .Append("v.started, v.duration AS duration_us, v.caller, v.callee, v.function, v.node, v.host, v.attempt, ")
        .Append("(ARRAY['returned','error-result','trapped','timed-out','cancelled','denied','not-started','lost'])[v.outcome + 1] AS outcome, v.copies, v.exact, v.size_in, v.size_out, ")
        .Append(F(Labels, "v.label_in")).Append(" AS label_in, ").Append(F(Labels,
            "v.label_out")).Append(" AS label_out FROM call_view v").ToString();

    private static string FlowsSql() => new StringBuilder("SELECT ")
        .Append(F(Hex, "v.dst")).Append(" AS destination, ").Append(F(Hex, "v.src")).Append(" AS source, v.n, ")
        .Append("CASE v.part WHEN 0 THEN 'input' ELSE 'result' END AS part, ").Append(F(Labels, "v.label")).Append(" AS label, ")
        .Append("k.component AS state_component, k.store AS state_store, k.key AS state_key FROM flow v LEFT JOIN state_key k ON k.id = v.state").ToString();

    private static string F(string format, string value) => format.Replace("{0}", value, StringComparison.Ordinal);
}
