namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>A CEL list.</summary>
/// <param name="items">The elements; the list takes the array and nobody may change it after.</param>
public sealed class ListValue(Value[] items)
{
    /// <summary>The list without elements.</summary>
    public static ListValue Empty { get; } = new([]);

    /// <summary>The elements.</summary>
    public ReadOnlySpan<Value> Items => items;

    public int Count => items.Length;

    public Value this[int index] => items[index];
}
