using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Keyvalue;

/// <summary>The resource <c>cas</c> of <c>wasi:keyvalue/atomics@0.2.0-draft2</c>: a key as it was when this was made.</summary>
public sealed class Cas
{
    private readonly Bucket bucket;
    private readonly string key;
    private readonly VersionedValue? read;

    private Cas(Bucket bucket, string key)
    {
        this.bucket = bucket;
        this.key = key;
        read = bucket.Read(key);
    }

    /// <summary><c>new</c>.</summary>
    public static Result<Cas, KeyValueError> Create(Bucket bucket, string key) => Bucket.Try(() => new Cas(bucket, key));

    /// <summary><c>current</c>: the value that <see cref="Swap"/> would replace.</summary>
    public Result<byte[]?, KeyValueError> Current => Result<byte[]?, KeyValueError>.FromValue(read?.Value);

    /// <summary><c>swap</c>.</summary>
    public Result<Unit, CasError> Swap(ReadOnlySpan<byte> value)
    {
        try
        {
            return bucket.TrySwap(key, read?.Version, value) ? default(Unit) : CasError.Failed(new Cas(bucket, key));
        }
        catch (KeyValueException failure)
        {
            return CasError.OfStore(failure.Error);
        }
    }
}

/// <summary>The variant <c>cas-error</c>.</summary>
public sealed record CasError : IVariant<CasError>
{
    private CasError(int @case, object? payload)
    {
        Case = @case;
        Payload = payload;
    }

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("store-error", typeof(KeyValueError)), ("cas-failed", typeof(Cas))];

    public int Case { get; }

    public object? Payload { get; }

    public static CasError OfStore(KeyValueError error) => new(0, error);

    /// <param name="again">The key as it is now, to try again.</param>
    public static CasError Failed(Cas again) => new(1, again);

    public static CasError Create(int @case, object? payload) => new(@case, payload);
}
