using System.Diagnostics.CodeAnalysis;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>
/// A CEL map: keys are bool, int, uint or string, and a number finds its equal of another numeric type
/// (language definition, "Maps").
/// </summary>
public sealed class MapValue
{
    private readonly Dictionary<Value, Value> _byKey;
    private readonly List<KeyValuePair<Value, Value>> _entries;

    /// <summary>An empty map to be filled with <see cref="TryAdd"/> before it is shared.</summary>
    public MapValue(int capacity = 0)
    {
        _byKey = new Dictionary<Value, Value>(capacity, KeyComparer.Instance);
        _entries = new List<KeyValuePair<Value, Value>>(capacity);
    }

    /// <summary>The map without entries.</summary>
    public static MapValue Empty { get; } = new();

    public int Count => _entries.Count;

    /// <summary>The entries in the order in which they were added.</summary>
    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => _entries;

    /// <summary>Whether a value of this kind may be a key.</summary>
    public static bool IsKey(Value value) => value.Kind is ValueKind.Bool or ValueKind.Int or ValueKind.Uint or ValueKind.String;

    /// <summary>Adds an entry; false when an equal key is there already.</summary>
    public bool TryAdd(Value key, Value value)
    {
        if (!_byKey.TryAdd(key, value)) return false;
        _entries.Add(new KeyValuePair<Value, Value>(key, value));
        return true;
    }

    /// <summary>The value of an equal key; a key of a kind that no key has is simply not found.</summary>
    public bool TryGet(Value key, out Value value)
    {
        if (IsKey(key) || key.Kind == ValueKind.Double) return _byKey.TryGetValue(key, out value);
        value = default;
        return false;
    }

    /// <summary>The value of the string key <paramref name="key"/>.</summary>
    public bool TryGet(string key, out Value value) => _byKey.TryGetValue(Value.String(key), out value);

    private sealed class KeyComparer : IEqualityComparer<Value>
    {
        public static KeyComparer Instance { get; } = new();

        public bool Equals(Value x, Value y) => ValueEquality.AreEqual(x, y);

        public int GetHashCode([DisallowNull] Value key) => key.Kind switch
        {
            ValueKind.String => key.AsString.GetHashCode(),
            ValueKind.Bool => key.AsBool ? 1 : 2,
            ValueKind.Int => key.AsInt.GetHashCode(),
            ValueKind.Uint => unchecked((long)key.AsUint).GetHashCode(),
            ValueKind.Double => HashOf(key.AsDouble),
            _ => 0,
        };

        /// <summary>A whole double hashes as the int or uint that it equals.</summary>
        private static int HashOf(double value)
        {
            if (value != Math.Floor(value)) return value.GetHashCode();
            if (value is >= -9223372036854775808.0 and < 9223372036854775808.0) return ((long)value).GetHashCode();
            if (value is >= 0 and < 18446744073709551616.0) return unchecked((long)(ulong)value).GetHashCode();
            return value.GetHashCode();
        }
    }
}
