namespace Chain.Wasm.Wasi.Keyvalue;

/// <summary>
/// Where guests keep values: buckets by name, of which one sees those that it was granted. Called on guests' threads, which may be many at a time; a call
/// may block. Failures that a guest is to know are <see cref="KeyValueException"/>.
/// </summary>
public interface IKeyValueStore
{
    /// <summary>The bucket of a name, or <see langword="null"/> when there is none for this guest.</summary>
    /// <exception cref="KeyValueException">It is there, but not for this guest.</exception>
    IKeyValueBucket? Open(string identifier, CancellationToken cancellation);
}

/// <summary>Keys and their values. Keys and values that come here are within <see cref="KeyValueLimits"/>. Called like <see cref="IKeyValueStore"/>.</summary>
public interface IKeyValueBucket
{
    /// <summary>The value of a key with its version, or <see langword="null"/>.</summary>
    VersionedValue? Get(string key, CancellationToken cancellation);

    void Set(string key, ReadOnlySpan<byte> value, CancellationToken cancellation);

    /// <summary>Removes a key if it is there.</summary>
    void Delete(string key, CancellationToken cancellation);

    bool Exists(string key, CancellationToken cancellation);

    /// <summary>Keys in ordinal order, past <paramref name="after"/> where it is given; no more than <paramref name="limit"/>.</summary>
    IReadOnlyList<string> ListKeys(string? after, int limit, CancellationToken cancellation);

    /// <summary>Adds to the number, in decimal digits, that a value is (0 where there is none), in one step.</summary>
    /// <exception cref="KeyValueException">The value is no number, or the sum does not fit.</exception>
    Int128 Increment(string key, Int128 delta, Int128 smallest, Int128 largest, CancellationToken cancellation);

    /// <summary>Sets a key if nobody has since it was read, in one step.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">The version that was read; <see langword="null"/> where there was no value.</param>
    /// <param name="value">The new value.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False when the version is another by now.</returns>
    bool TrySwap(string key, long? version, ReadOnlySpan<byte> value, CancellationToken cancellation);
}

/// <summary>A value, and which of the key's values it is.</summary>
/// <param name="Value">Not to be changed.</param>
/// <param name="Version">Never the same for two values that a key had.</param>
public sealed record VersionedValue(byte[] Value, long Version);

/// <summary>What a guest may ask of a store. Every limit is on; beyond one, the guest gets the error <c>other</c>.</summary>
public sealed record KeyValueLimits
{
    /// <summary>A key or a bucket's name, in bytes of UTF-8. Default 1024.</summary>
    public int KeyBytes { get; init; } = 1024;

    /// <summary>A value, in bytes. Default 1 MiB.</summary>
    public int ValueBytes { get; init; } = 1 << 20;

    /// <summary>The keys in one answer of <c>list-keys</c>, and in one batch. Default 1000.</summary>
    public int Keys { get; init; } = 1000;

    /// <summary>The values of one <c>get-many</c> together, in bytes. Default 16 MiB.</summary>
    public int BatchBytes { get; init; } = 16 << 20;
}

/// <summary>What functions of <c>wasi:keyvalue</c> need in a store of components.</summary>
/// <param name="store">Where values are; not the component store's own.</param>
/// <param name="limits">What one call may ask.</param>
public sealed class KeyValueState(IKeyValueStore store, KeyValueLimits? limits = null)
{
    public IKeyValueStore Store { get; } = store;

    public KeyValueLimits Limits { get; } = limits ?? new KeyValueLimits();
}
