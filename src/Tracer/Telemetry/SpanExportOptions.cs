using OpenTelemetry.Exporter;

namespace Chain.Tracer.Telemetry;

/// <summary>Where calls are sent as OpenTelemetry spans, and which.</summary>
public sealed record SpanExportOptions
{
    /// <summary>
    /// The collector: the base address for gRPC (<c>http://localhost:4317</c>), the whole path for HTTP
    /// (<c>http://localhost:4318/v1/traces</c>).
    /// </summary>
    public required Uri Endpoint { get; init; }

    /// <summary>How it is spoken to. Default: protobuf over HTTP.</summary>
    public OtlpExportProtocol Protocol { get; init; } = OtlpExportProtocol.HttpProtobuf;

    /// <summary>The resource's <c>service.name</c>. Default <c>chain</c>.</summary>
    public string ServiceName { get; init; } = "chain";

    /// <summary>
    /// Which part of the traces is exported, 0 to 1; a trace is exported whole or not at all. The record is not touched. Default 1.
    /// </summary>
    public double Ratio { get; init; } = 1;

    /// <summary>
    /// Batches of records that may wait for the collector before batches are left out of the export, and counted. Default 64.
    /// </summary>
    public int WaitingBatches { get; init; } = 64;
}
