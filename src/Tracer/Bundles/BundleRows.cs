using Npgsql;

namespace Chain.Tracer.Bundles;

/// <summary>Reads rows of <c>bundle</c> into a decoder, one at a time. Reused; for one thread.</summary>
internal sealed class BundleRows
{
    /// <summary>What to select.</summary>
    public const string Columns = "trace, data";

    private byte[] _data = new byte[4096];

    public BundleDecoder Decoder { get; } = new();

    /// <summary>Unpacks the row that the reader is at; returns the trace's key.</summary>
    public long Decode(NpgsqlDataReader row, bool withFlows = true)
    {
        long trace = row.GetInt64(0);
        int length = (int)row.GetBytes(1, 0, null, 0, 0);
        if (_data.Length < length) _data = new byte[length * 2];
        row.GetBytes(1, 0, _data, 0, length);
        Decoder.Decode(trace, _data.AsSpan(0, length), withFlows);
        return trace;
    }
}
