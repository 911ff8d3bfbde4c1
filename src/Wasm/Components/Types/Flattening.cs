using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Types;

/// <summary>The core types that values become at the boundary (Canonical ABI, "Flattening").</summary>
internal static class Flattening
{
    /// <summary>The most core parameters of a call.</summary>
    public const int MaxParameters = 16;

    /// <summary>The most core parameters of an async lowered call.</summary>
    public const int MaxAsyncParameters = 4;

    /// <summary>The most core results of a call.</summary>
    public const int MaxResults = 1;

    /// <summary>The flat form of a type, or <see langword="null"/> where it has more than <see cref="MaxParameters"/> parts.</summary>
    public static List<ValueType>? Flatten(ValType? type)
    {
        var flat = new List<ValueType>();
        return type is null || TryAdd(type, flat) ? flat : null;
    }

    /// <summary>The flat form of all parameters together, or <see langword="null"/> where it has more than <see cref="MaxParameters"/> parts.</summary>
    public static List<ValueType>? Flatten(IReadOnlyList<Parameter> parameters)
    {
        var flat = new List<ValueType>();
        foreach (Parameter parameter in parameters)
        {
            if (!TryAdd(parameter.Type, flat)) return null;
        }

        return flat;
    }

    private static bool TryAdd(ValType type, List<ValueType> flat)
    {
        switch (type)
        {
            case PrimitiveType primitive:
                flat.Add(primitive.Kind switch
                {
                    PrimitiveKind.S64 or PrimitiveKind.U64 => ValueType.I64,
                    PrimitiveKind.F32 => ValueType.F32,
                    PrimitiveKind.F64 => ValueType.F64,
                    _ => ValueType.I32,
                });
                if (primitive.Kind == PrimitiveKind.String) flat.Add(ValueType.I32);
                break;
            case ListType { Length: null } or MapType:
                flat.Add(ValueType.I32);
                flat.Add(ValueType.I32);
                break;
            case ListType { Length: { } length, Element: var element }:
                for (uint i = 0; i < length; i++)
                {
                    if (!TryAdd(element, flat)) return false;
                }

                break;
            case RecordType record:
                foreach (Field field in record.Fields)
                {
                    if (!TryAdd(field.Type, flat)) return false;
                }

                break;
            case TupleType tuple:
                foreach (ValType member in tuple.Types)
                {
                    if (!TryAdd(member, flat)) return false;
                }

                break;
            case VariantType variant: return TryAddCases(Cases(variant), flat);
            case OptionType option: return TryAddCases([option.Type], flat);
            case ResultType result: return TryAddCases([result.Ok, result.Error], flat);
            default:
                flat.Add(ValueType.I32);
                break;
        }

        return flat.Count <= MaxParameters;
    }

    private static ValType?[] Cases(VariantType variant)
    {
        var payloads = new ValType?[variant.Cases.Count];
        for (int i = 0; i < payloads.Length; i++) payloads[i] = variant.Cases[i].Type;
        return payloads;
    }

    private static bool TryAddCases(ValType?[] payloads, List<ValueType> flat)
    {
        flat.Add(ValueType.I32);
        int start = flat.Count;
        foreach (ValType? payload in payloads)
        {
            if (Flatten(payload) is not { } parts) return false;
            for (int i = 0; i < parts.Count; i++)
            {
                if (start + i == flat.Count) flat.Add(parts[i]);
                else flat[start + i] = Join(flat[start + i], parts[i]);
            }
        }

        return flat.Count <= MaxParameters;
    }

    private static ValueType Join(ValueType a, ValueType b)
    {
        if (a == b) return a;
        bool are32 = (a == ValueType.I32 && b == ValueType.F32) || (a == ValueType.F32 && b == ValueType.I32);
        return are32 ? ValueType.I32 : ValueType.I64;
    }
}
