using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Io;

/// <summary>The resource <c>error</c> of <c>wasi:io/error</c>: why a stream failed. Other interfaces derive their own, with a code to ask for.</summary>
/// <param name="message">What <c>to-debug-string</c> gives; it must tell a guest nothing of the host that it may not know.</param>
public class IoError(string message)
{
    public string Message { get; } = message;
}

/// <summary>The variant <c>stream-error</c>; its default is <c>closed</c>.</summary>
public readonly struct StreamError : IVariant<StreamError>
{
    public static StreamError Closed => default;

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("last-operation-failed", typeof(IoError)), ("closed", null)];

    /// <summary>Why the operation failed, or <see langword="null"/> for <c>closed</c>.</summary>
    public IoError? Error { get; private init; }

    public bool IsClosed => Error is null;

    public int Case => IsClosed ? 1 : 0;

    public object? Payload => Error;

    /// <summary>The case <c>last-operation-failed</c>.</summary>
    public static StreamError Failed(IoError error) => new() { Error = error };

    /// <inheritdoc cref="Failed(IoError)"/>
    public static StreamError Failed(string message) => Failed(new IoError(message));

    public static StreamError Create(int @case, object? payload) => @case == 0 ? Failed((IoError)payload!) : Closed;

    public override string ToString() => Error is null ? "closed" : $"last-operation-failed({Error.Message})";
}
