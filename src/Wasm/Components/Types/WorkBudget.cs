namespace Chain.Wasm.Components.Types;

/// <summary>
/// Bounds the steps that one validation spends on comparing and substituting types: a small file can make a few large types meet one
/// another again and again. For one thread.
/// </summary>
/// <param name="component">The component's name, for the message.</param>
internal sealed class WorkBudget(string component)
{
    /// <summary>The steps that count for an object that is kept, so that the budget bounds memory too.</summary>
    public const long Object = 8;

    private long left = ComponentLimits.Work;

    /// <summary>The byte offset of the definition that is being validated.</summary>
    public long Offset { get; set; }

    /// <exception cref="InvalidComponentException">The budget is used up.</exception>
    public void Spend(long steps)
    {
        left -= steps;
        if (left >= 0) return;
        throw new InvalidComponentException(
            $"invalid component {component} at 0x{Offset:x}: its types take too long to compare, expected at most {ComponentLimits.Work} steps",
            Offset);
    }
}
