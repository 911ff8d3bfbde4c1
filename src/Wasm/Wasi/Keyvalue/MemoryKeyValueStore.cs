using System.Globalization;
using System.Text;

namespace Chain.Wasm.Wasi.Keyvalue;

/// <summary>Buckets in this process's memory, which end with it.</summary>
/// <param name="buckets">Their names.</param>
/// <param name="mostBytes">What all keys and values of one bucket may take, in bytes. Default 64 MiB.</param>
public sealed class MemoryKeyValueStore(IEnumerable<string> buckets, long mostBytes = 64L << 20) : IKeyValueStore
{
    private readonly Dictionary<string, Bucket> buckets = buckets.ToDictionary(name => name, _ => new Bucket(mostBytes), StringComparer.Ordinal);

    public IKeyValueBucket? Open(string identifier, CancellationToken cancellation) => buckets.GetValueOrDefault(identifier);

    private sealed class Bucket(long mostBytes) : IKeyValueBucket
    {
        private readonly Lock gate = new();
        private readonly SortedSet<string> keys = new(StringComparer.Ordinal);
        private readonly Dictionary<string, VersionedValue> values = new(StringComparer.Ordinal);
        private long bytes;
        private long version;

        public VersionedValue? Get(string key, CancellationToken cancellation)
        {
            lock (gate) return values.GetValueOrDefault(key);
        }

        public void Set(string key, ReadOnlySpan<byte> value, CancellationToken cancellation)
        {
            lock (gate) Put(key, value);
        }

        public void Delete(string key, CancellationToken cancellation)
        {
            lock (gate)
            {
                if (!values.Remove(key, out VersionedValue? removed)) return;
                keys.Remove(key);
                bytes -= Size(key, removed.Value);
            }
        }

        public bool Exists(string key, CancellationToken cancellation)
        {
            lock (gate) return values.ContainsKey(key);
        }

        public IReadOnlyList<string> ListKeys(string? after, int limit, CancellationToken cancellation)
        {
            lock (gate)
            {
                if (keys.Count == 0) return [];
                if (after is null) return [.. keys.Take(limit)];
                if (string.CompareOrdinal(after, keys.Max) >= 0) return [];
                return [.. keys.GetViewBetween(after, keys.Max!).Where(key => key != after).Take(limit)];
            }
        }

        public Int128 Increment(string key, Int128 delta, Int128 smallest, Int128 largest, CancellationToken cancellation)
        {
            lock (gate)
            {
                Int128 before = 0;
                if (values.TryGetValue(key, out VersionedValue? found)
                    && !Int128.TryParse(found.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out before))
                {
                    throw new KeyValueException(KeyValueError.Other("the value is no number"));
                }

                if (before < smallest || before > largest || before + delta < smallest || before + delta > largest)
                {
                    throw new KeyValueException(KeyValueError.Other("the sum is too large"));
                }

                Put(key, Encoding.ASCII.GetBytes((before + delta).ToString(CultureInfo.InvariantCulture)));
                return before + delta;
            }
        }

        public bool TrySwap(string key, long? version, ReadOnlySpan<byte> value, CancellationToken cancellation)
        {
            lock (gate)
            {
                if (values.GetValueOrDefault(key)?.Version != version) return false;
                Put(key, value);
                return true;
            }
        }

        private static long Size(string key, ReadOnlySpan<byte> value) => Encoding.UTF8.GetByteCount(key) + value.Length;

        private void Put(string key, ReadOnlySpan<byte> value)
        {
            long more = Size(key, value) - (values.TryGetValue(key, out VersionedValue? before) ? Size(key, before.Value) : 0);
            if (bytes + more > mostBytes) throw new KeyValueException(KeyValueError.Other("the bucket is full"));
            bytes += more;
            keys.Add(key);
            values[key] = new VersionedValue(value.ToArray(), ++version);
        }
    }
}
