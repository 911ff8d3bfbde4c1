namespace Chain.Wasm.Components;

/// <summary>What a component may declare at most. One past them is an <see cref="InvalidComponentException"/>.</summary>
public static class ComponentLimits
{
    /// <summary>Components and component types inside one another.</summary>
    public const int Nesting = 100;

    /// <summary>Value types inside one another.</summary>
    public const int TypeDepth = 100;

    /// <summary>Members of one definition: fields, cases, parameters, exports, arguments, options.</summary>
    public const int Members = 100_000;

    /// <summary>Parameters of a function.</summary>
    public const int Parameters = 1_000;

    /// <summary>Definitions of one section.</summary>
    public const int Definitions = 1_000_000;

    /// <summary>
    /// Types in a type, each counted as often as it is used: a few bytes could otherwise name a type that takes years to walk.
    /// </summary>
    public const int TypeSize = 1_000_000;

    /// <summary>Steps of comparing and substituting types in the validation of one file.</summary>
    public const long Work = 20_000_000;

    /// <summary>The bytes of a value as an element of a list, with 64-bit addresses (Canonical ABI, "Element Size").</summary>
    public const long ElementSize = (1L << 28) - 1;
}
