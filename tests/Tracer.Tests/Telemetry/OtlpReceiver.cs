using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Chain.Tracer.Tests.Telemetry;

/// <summary>A span as the receiver read it.</summary>
internal sealed record ReceivedSpan(
    string TraceId, string SpanId, string ParentId, string State, string Name, int Kind, ulong Start, ulong End, int Status,
        string StatusMessage,
    IReadOnlyDictionary<string, string> Attributes,
        IReadOnlyList<(string TraceId, string SpanId, IReadOnlyDictionary<string, string> Attributes)> Links);

/// <summary>
/// A small OTLP/HTTP server that decodes <c>ExportTraceServiceRequest</c> (opentelemetry-proto 1.x, trace.proto) field by field.
/// </summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();

    public OtlpReceiver()
    {
        using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/v1/traces");
        }

        _listener.Prefixes.Add($"http://127.0.0.1:{Endpoint.Port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public Uri Endpoint { get; }

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    public ConcurrentQueue<string> Services { get; } = new();

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            if (context.Request.Url!.AbsolutePath == "/v1/traces"
                && context.Request.ContentType == "application/x-protobuf") ReadRequest(body.ToArray());
            else context.Response.StatusCode = 400;
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }

    private void ReadRequest(ReadOnlyMemory<byte> request)
    {
        foreach ((int _, ReadOnlyMemory<byte> resourceSpans, ulong _) in Fields(request))
        {
            foreach ((int field, ReadOnlyMemory<byte> bytes, ulong _) in Fields(resourceSpans))
            {
                if (field == 1 && ReadAttributes(bytes, 1).TryGetValue("service.name", out string? service)) Services.Enqueue(service);
                if (field != 2) continue;
                foreach ((int inner, ReadOnlyMemory<byte> span, ulong _) in Fields(bytes))
                {
                    if (inner == 2) Spans.Enqueue(ReadSpan(span));
                }
            }
        }
    }

    private static ReceivedSpan ReadSpan(ReadOnlyMemory<byte> span)
    {
        string trace = "", id = "", parent = "", state = "", name = "", message = "";
        int kind = 0, status = 0;
        ulong start = 0, end = 0;
        var links = new List<(string, string, IReadOnlyDictionary<string, string>)>();
        foreach ((int field, ReadOnlyMemory<byte> bytes, ulong number) in Fields(span))
        {
            switch (field)
            {
                case 1: trace = Hex(bytes); break;
                case 2: id = Hex(bytes); break;
                case 3: state = Text(bytes); break;
                case 4: parent = Hex(bytes); break;
                case 5: name = Text(bytes); break;
                case 6: kind = (int)number; break;
                case 7: start = number; break;
                case 8: end = number; break;
                case 13:
                    string linkTrace = "", linkSpan = "";
                    foreach ((int inner, ReadOnlyMemory<byte> value, ulong _) in Fields(bytes))
                    {
                        if (inner == 1) linkTrace = Hex(value);
                        if (inner == 2) linkSpan = Hex(value);
                    }

                    links.Add((linkTrace, linkSpan, ReadAttributes(bytes, 4)));
                    break;
                case 15:
                    foreach ((int inner, ReadOnlyMemory<byte> value, ulong code) in Fields(bytes))
                    {
                        if (inner == 2) message = Text(value);
                        if (inner == 3) status = (int)code;
                    }

                    break;
            }
        }

        return new ReceivedSpan(trace, id, parent, state, name, kind, start, end, status, message, ReadAttributes(span, 9), links);
    }

    private static Dictionary<string, string> ReadAttributes(ReadOnlyMemory<byte> message, int attributeField)
    {
        var all = new Dictionary<string, string>();
        foreach ((int field, ReadOnlyMemory<byte> pair, ulong _) in Fields(message))
        {
            if (field != attributeField) continue;
            string key = "", value = "";
            foreach ((int inner, ReadOnlyMemory<byte> bytes, ulong _) in Fields(pair))
            {
                if (inner == 1) key = Text(bytes);
                if (inner != 2) continue;
                foreach ((int kind, ReadOnlyMemory<byte> text, ulong number) in Fields(bytes)) value = kind == 1 ? Text(text)
                    : number.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            all[key] = value;
        }

        return all;
    }

    // The wire format: a tag of field number and type, then a varint (0), eight bytes (1), a length and bytes (2), or four bytes (5).
    private static List<(int Field, ReadOnlyMemory<byte> Bytes, ulong Number)> Fields(ReadOnlyMemory<byte> message)
    {
        var fields = new List<(int, ReadOnlyMemory<byte>, ulong)>();
        int at = 0;
        while (at < message.Length)
        {
            ulong tag = Varint(message.Span, ref at);
            int field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    fields.Add((field, default, Varint(message.Span, ref at)));
                    break;
                case 1:
                    fields.Add((field, default, BinaryPrimitives.ReadUInt64LittleEndian(message.Span[at..])));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(message.Span, ref at);
                    fields.Add((field, message.Slice(at, length), 0));
                    at += length;
                    break;
                case 5:
                    fields.Add((field, default, BinaryPrimitives.ReadUInt32LittleEndian(message.Span[at..])));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }
        }

        return fields;
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = bytes[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
