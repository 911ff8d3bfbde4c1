using System.Text;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Keyvalue;

/// <summary>The record <c>key-response</c> of <c>0.2.0-draft</c>.</summary>
public sealed record NumberedKeyResponse(string[] Keys, ulong? Cursor);

/// <summary>The record <c>key-response</c> of <c>0.2.0-draft2</c>.</summary>
public sealed record KeyResponse(string[] Keys, string? Cursor);

/// <summary>The resource <c>bucket</c>, as a guest has it open. Every key and value passes its limits here.</summary>
public sealed class Bucket
{
    private const int RememberedCursors = 16;

    private readonly IKeyValueBucket inner;
    private readonly KeyValueLimits limits;
    private readonly ComponentStore store;

    // The cursors of 0.2.0-draft are numbers: each stands for the last key of its page.
    private readonly Queue<(ulong Number, string Key)> cursors = new();
    private ulong lastCursor;

    private Bucket(IKeyValueBucket inner, KeyValueLimits limits, ComponentStore store)
    {
        this.inner = inner;
        this.limits = limits;
        this.store = store;
    }

    /// <summary><c>open</c>.</summary>
    public static Result<Bucket, KeyValueError> Open(ComponentStore store, string identifier)
    {
        KeyValueState state = store.Get<KeyValueState>();
        return Try<Bucket>(() =>
        {
            if (Encoding.UTF8.GetByteCount(identifier) > state.Limits.KeyBytes) throw new KeyValueException(KeyValueError.NoSuchStore);
            IKeyValueBucket found = state.Store.Open(identifier, store.Cancellation) ?? throw new KeyValueException(KeyValueError.NoSuchStore);
            return new Bucket(found, state.Limits, store);
        });
    }

    /// <summary><c>get</c>.</summary>
    public Result<byte[]?, KeyValueError> Get(string key) => Try(() => Read(key)?.Value);

    /// <summary><c>set</c>.</summary>
    public Result<Unit, KeyValueError> Set(string key, ReadOnlySpan<byte> value)
    {
        try
        {
            Check(key, value);
            inner.Set(key, value, store.Cancellation);
            return default(Unit);
        }
        catch (KeyValueException failure)
        {
            return failure.Error;
        }
    }

    /// <summary><c>delete</c>.</summary>
    public Result<Unit, KeyValueError> Delete(string key) => Try(() =>
    {
        inner.Delete(Checked(key), store.Cancellation);
        return default(Unit);
    });

    /// <summary><c>exists</c>.</summary>
    public Result<bool, KeyValueError> Exists(string key) => Try(() => inner.Exists(Checked(key), store.Cancellation));

    /// <summary><c>list-keys</c>: a page in order, and where the next begins.</summary>
    public Result<KeyResponse, KeyValueError> ListKeys(string? cursor) => Try(() =>
    {
        IReadOnlyList<string> keys = inner.ListKeys(cursor is null ? null : Checked(cursor), limits.Keys, store.Cancellation);
        return new KeyResponse([.. keys], keys.Count < limits.Keys ? null : keys[^1]);
    });

    /// <summary><c>list-keys</c> of <c>0.2.0-draft</c>.</summary>
    public Result<NumberedKeyResponse, KeyValueError> ListKeys(ulong? cursor)
    {
        string? after = null;
        if (cursor is { } number)
        {
            after = cursors.FirstOrDefault(known => known.Number == number).Key;
            if (after is null) return KeyValueError.Other("unknown cursor");
        }

        Result<KeyResponse, KeyValueError> page = ListKeys(after);
        if (page.IsError) return page.Error;
        if (page.Value.Cursor is null) return new NumberedKeyResponse(page.Value.Keys, null);
        if (cursors.Count == RememberedCursors) cursors.Dequeue();
        cursors.Enqueue((++lastCursor, page.Value.Cursor));
        return new NumberedKeyResponse(page.Value.Keys, lastCursor);
    }

    /// <summary><c>increment</c>.</summary>
    public Result<long, KeyValueError> Increment(string key, long delta) =>
        Try(() => (long)inner.Increment(Checked(key), delta, long.MinValue, long.MaxValue, store.Cancellation));

    /// <summary><c>increment</c> of <c>0.2.0-draft</c>.</summary>
    public Result<ulong, KeyValueError> Increment(string key, ulong delta) =>
        Try(() => (ulong)inner.Increment(Checked(key), delta, 0, ulong.MaxValue, store.Cancellation));

    /// <summary><c>get-many</c>: each key with its value, in order.</summary>
    public Result<(string Key, byte[]? Value)[], KeyValueError> GetMany(string[] keys) => Try(() =>
    {
        CheckBatch(keys.Length);
        var values = new (string Key, byte[]? Value)[keys.Length];
        long bytes = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            values[i] = (keys[i], Read(keys[i])?.Value);
            bytes += values[i].Value?.Length ?? 0;
            if (bytes > limits.BatchBytes) throw Refusal($"values of more than {limits.BatchBytes} bytes in a batch");
        }

        return values;
    });

    /// <summary><c>get-many</c> of <c>0.2.0-draft</c>: nothing where a key is not there.</summary>
    public Result<(string Key, byte[] Value)?[], KeyValueError> GetManyFound(string[] keys)
    {
        Result<(string Key, byte[]? Value)[], KeyValueError> values = GetMany(keys);
        return values.IsError
            ? values.Error
            : Array.ConvertAll(values.Value, static pair => pair.Value is { } value ? ((string, byte[])?)(pair.Key, value) : null);
    }

    /// <summary><c>set-many</c>: checked whole, then set one by one.</summary>
    public Result<Unit, KeyValueError> SetMany((string Key, byte[] Value)[] pairs) => Try(() =>
    {
        CheckBatch(pairs.Length);
        foreach ((string key, byte[] value) in pairs) Check(key, value);
        foreach ((string key, byte[] value) in pairs) inner.Set(key, value, store.Cancellation);
        return default(Unit);
    });

    /// <summary><c>delete-many</c>.</summary>
    public Result<Unit, KeyValueError> DeleteMany(string[] keys) => Try(() =>
    {
        CheckBatch(keys.Length);
        foreach (string key in keys) Checked(key);
        foreach (string key in keys) inner.Delete(key, store.Cancellation);
        return default(Unit);
    });

    /// <summary>What a key has now.</summary>
    /// <exception cref="KeyValueException">It is too long, or reading failed.</exception>
    internal VersionedValue? Read(string key) => inner.Get(Checked(key), store.Cancellation);

    /// <exception cref="KeyValueException">The value is too large, or writing failed.</exception>
    internal bool TrySwap(string key, long? version, ReadOnlySpan<byte> value)
    {
        Check(key, value);
        return inner.TrySwap(key, version, value, store.Cancellation);
    }

    internal static Result<T, KeyValueError> Try<T>(Func<T> operation)
    {
        try
        {
            return Result<T, KeyValueError>.FromValue(operation());
        }
        catch (KeyValueException failure)
        {
            return Result<T, KeyValueError>.FromError(failure.Error);
        }
    }

    private static KeyValueException Refusal(string message) => new(KeyValueError.Other(message));

    private string Checked(string key)
    {
        if (Encoding.UTF8.GetByteCount(key) > limits.KeyBytes) throw Refusal($"a key of more than {limits.KeyBytes} bytes");
        // Databases keep no NUL in a text.
        return key.Contains('\0') ? throw Refusal("a key with a NUL") : key;
    }

    private void Check(string key, ReadOnlySpan<byte> value)
    {
        Checked(key);
        if (value.Length > limits.ValueBytes) throw Refusal($"a value of more than {limits.ValueBytes} bytes");
    }

    private void CheckBatch(int count)
    {
        if (count > limits.Keys) throw Refusal($"a batch of more than {limits.Keys} keys");
    }
}
