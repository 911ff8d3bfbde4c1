using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Keyvalue;

/// <summary>Why an operation on a bucket failed (<c>wasi:keyvalue/store</c>, <c>error</c>).</summary>
public sealed record KeyValueError : IVariant<KeyValueError>
{
    private const int OtherCase = 2;

    private KeyValueError(int @case, string? message)
    {
        Case = @case;
        Message = message;
    }

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("no-such-store", null), ("access-denied", null), ("other", typeof(string))];

    public static KeyValueError NoSuchStore { get; } = new(0, null);

    public static KeyValueError AccessDenied { get; } = new(1, null);

    public int Case { get; }

    /// <summary>What a guest may know of another failure.</summary>
    public string? Message { get; }

    public object? Payload => Message;

    public static KeyValueError Other(string message) => new(OtherCase, message);

    public static KeyValueError Create(int @case, object? payload) => @case switch
    {
        0 => NoSuchStore,
        1 => AccessDenied,
        _ => Other((string)payload!),
    };

    public override string ToString() => Message ?? Cases[Case].Label;
}

/// <summary>Thrown by a store or a bucket; the guest gets the error.</summary>
public sealed class KeyValueException(KeyValueError error, Exception? inner = null) : Exception(error.ToString(), inner)
{
    public KeyValueError Error { get; } = error;
}
