namespace Chain.Tracer.Tags;

/// <summary>A label interned in this process's <see cref="LabelStore"/>; 0 is the empty label. Four bytes, compared by value.</summary>
/// <remarks>
/// The number means nothing outside the process: between processes a label travels as text, in the store under the store's own id.
/// </remarks>
public readonly record struct LabelId(int Value)
{
    /// <summary>The label without tags.</summary>
    public static LabelId Empty => default;

    /// <summary>Whether this is the empty label.</summary>
    public bool IsEmpty => Value == 0;

    /// <inheritdoc/>
    public override string ToString() => $"#{Value}";
}
