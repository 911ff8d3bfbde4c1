using Chain.Wasm.Binary;

namespace Chain.Wasm.Validation;

/// <summary>
/// A type definition apart from any module (core specification, "Validation / Types / Defined Types"): equal definitions of all
/// modules of a <see cref="TypeRegistry"/> are one object. Immutable.
/// </summary>
/// <param name="Id">Its number in the registry.</param>
/// <param name="Composite">What it is; type indices in it are canonical ids.</param>
/// <param name="Final">Whether no type may extend it.</param>
/// <param name="Supertypes">The ids of all its supertypes from the root of the hierarchy down to itself.</param>
internal sealed record CanonicalType(int Id, CompositeType Composite, bool Final, int[] Supertypes)
{
    /// <summary>The number of types above it.</summary>
    public int Depth => Supertypes.Length - 1;

    /// <summary>The id of the type it extends, or -1.</summary>
    public int Supertype => Supertypes.Length > 1 ? Supertypes[^2] : -1;
}
