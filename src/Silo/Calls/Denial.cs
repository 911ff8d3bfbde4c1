using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Calls;

/// <summary>What the caller of a denied call gets: an error of the function's own type where it has one, so that it can go on.</summary>
internal static class Denial
{
    private static readonly string[] Names = ["denied", "access-denied", "permission-denied", "forbidden", "not-permitted", "unauthorized", "other", "internal", "error"];

    /// <summary>The error, or <see langword="null"/> where the function's type has none that could say it: then the caller traps.</summary>
    /// <param name="type">The function's type.</param>
    /// <param name="message">Why.</param>
    public static ResultValue? Of(FuncType type, string message)
    {
        if (type.Result is not ResultType result) return null;
        if (result.Error is null) return new ResultValue(false, null);
        return Error(result.Error, message) is { } error ? new ResultValue(false, error) : null;
    }

    private static ComponentValue? Error(ValType type, string message)
    {
        switch (type)
        {
            case PrimitiveType { Kind: PrimitiveKind.String }: return new StringValue(message);
            case EnumType labels: return Names.FirstOrDefault(labels.Labels.Contains) is { } label ? new EnumValue(label) : null;
            case OptionType option: return new OptionValue(Error(option.Type, message));
            case VariantType variant:
                foreach (string name in Names)
                {
                    if (variant.Cases.FirstOrDefault(one => one.Label == name) is not { Label: not null } found) continue;
                    if (found.Type is null) return new VariantValue(name, null);
                    if (Error(found.Type, message) is { } payload) return new VariantValue(name, payload);
                }

                return null;
            default: return null;
        }
    }
}
