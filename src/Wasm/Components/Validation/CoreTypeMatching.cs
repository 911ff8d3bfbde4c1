using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Validation;

/// <summary>Matching of composite core types whose indices are ids (core specification, "Validation / Matching").</summary>
internal static class CoreTypeMatching
{
    /// <summary>The value and storage types in a composite type.</summary>
    public static IEnumerable<ValueType> Parts(CompositeType type) => type switch
    {
        FunctionType function => function.Parameters.Concat(function.Results),
        StructType structure => structure.Fields.Select(field => field.Storage),
        ArrayType array => [array.Element.Storage],
        _ => [],
    };

    public static bool Matches(TypeRegistry registry, CompositeType sub, CompositeType super)
    {
        switch (sub, super)
        {
            case (FunctionType below, FunctionType above):
                return Matches(registry, above.Parameters, below.Parameters) && Matches(registry, below.Results, above.Results);
            case (StructType below, StructType above):
                if (below.Fields.Length < above.Fields.Length) return false;
                for (int i = 0; i < above.Fields.Length; i++)
                {
                    if (!Matches(registry, below.Fields[i], above.Fields[i])) return false;
                }

                return true;
            case (ArrayType below, ArrayType above):
                return Matches(registry, below.Element, above.Element);
            default:
                return false;
        }
    }

    private static bool Matches(TypeRegistry registry, ValueType[] sub, ValueType[] super)
    {
        if (sub.Length != super.Length) return false;
        for (int i = 0; i < sub.Length; i++)
        {
            if (!registry.Matches(sub[i], super[i])) return false;
        }

        return true;
    }

    // What can be written must match both ways.
    private static bool Matches(TypeRegistry registry, FieldType sub, FieldType super) =>
        sub.Mutable == super.Mutable && registry.Matches(sub.Storage, super.Storage)
        && (!sub.Mutable || registry.Matches(super.Storage, sub.Storage));
}
