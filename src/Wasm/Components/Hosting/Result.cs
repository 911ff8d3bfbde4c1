namespace Chain.Wasm.Components.Hosting;

/// <summary>The payload of a case that has none, as in <c>result&lt;_, E&gt;</c>.</summary>
public readonly record struct Unit;

/// <summary>A <c>result&lt;T, E&gt;</c> as functions of the host take and return it.</summary>
public readonly struct Result<T, TError>
{
    private Result(bool isError, T value, TError error)
    {
        IsError = isError;
        Value = value;
        Error = error;
    }

    public bool IsError { get; }

    /// <summary>The payload of success; its default where <see cref="IsError"/>.</summary>
    public T Value { get; }

    /// <summary>The payload of an error; its default where there is none.</summary>
    public TError Error { get; }

    public static implicit operator Result<T, TError>(T value) => new(false, value, default!);

    public static implicit operator Result<T, TError>(TError error) => new(true, default!, error);

    /// <summary>For where <typeparamref name="T"/> is an interface, or the same type as <typeparamref name="TError"/>.</summary>
    public static Result<T, TError> FromValue(T value) => new(false, value, default!);

    /// <inheritdoc cref="FromValue"/>
    public static Result<T, TError> FromError(TError error) => new(true, default!, error);
}
