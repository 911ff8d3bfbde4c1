namespace Chain.Wasm.Components.Hosting;

/// <summary>A CLR type that stands for a <c>variant</c>.</summary>
public interface IVariant<TSelf>
    where TSelf : IVariant<TSelf>
{
    /// <summary>The label of each case, and the CLR type of its payload or <see langword="null"/>; in the order of the type.</summary>
    static abstract IReadOnlyList<(string Label, Type? Payload)> Cases { get; }

    /// <summary>Which case, from zero.</summary>
    int Case { get; }

    /// <summary>The payload, of the CLR type that <see cref="Cases"/> says, or <see langword="null"/>.</summary>
    object? Payload { get; }

    /// <summary>Makes one of its parts.</summary>
    static abstract TSelf Create(int @case, object? payload);
}
