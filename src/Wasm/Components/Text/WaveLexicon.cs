using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Components.Text;

/// <summary>The words of WAVE, and those in which its errors speak of types.</summary>
internal static class WaveLexicon
{
    private const int LabelsShown = 8;

    /// <summary>Whether a case of that name must be written with <c>%</c>.</summary>
    public static bool IsKeyword(string label) => label is "true" or "false" or "inf" or "nan" or "some" or "none" or "ok" or "err";

    /// <summary>Whether an option or result may be written as its payload alone: not where that is one itself.</summary>
    public static bool CanBeFlat(ValType? payload) => payload is not (null or OptionType or ResultType);

    /// <summary>A type as errors name what they want.</summary>
    public static string Describe(ValType type) => type switch
    {
        PrimitiveType { Kind: PrimitiveKind.Bool } => "true or false",
        PrimitiveType { Kind: PrimitiveKind.String } => "a string in double quotes",
        PrimitiveType { Kind: PrimitiveKind.Char } => "a char in single quotes",
        PrimitiveType { Kind: PrimitiveKind.F32 or PrimitiveKind.F64 } => "a number, nan, inf or -inf",
        PrimitiveType { Kind: var kind } => $"{(IsVowel(kind) ? "an" : "a")} {TypeMatching.PrimitiveName(kind)} ({Range(kind)})",
        ListType or MapType => "a list in brackets",
        TupleType => "a tuple in parentheses",
        RecordType => "a record in braces",
        FlagsType => "flags in braces",
        EnumType enumeration => Choice(enumeration.Labels),
        VariantType variant => Choice([.. variant.Cases.Select(one => one.Label)]),
        OptionType option => CanBeFlat(option.Type) ? $"none, some(…) or {Describe(option.Type)}" : "none or some(…)",
        ResultType result => $"{(result.Ok is null ? "ok" : "ok(…)")} or {(result.Error is null ? "err" : "err(…)")}",
        _ => "a value",
    };

    /// <summary>Labels as a choice between them, as they are written where a value is wanted.</summary>
    public static string Choice(IReadOnlyList<string> labels)
    {
        string shown = string.Join(", ", labels.Take(LabelsShown).Select(Escape));
        string more = labels.Count > LabelsShown ? $" and {labels.Count - LabelsShown} more" : "";
        return labels.Count == 1 ? shown : $"one of {shown}{more}";
    }

    /// <summary>The label of a case as it is written.</summary>
    public static string Escape(string label) => IsKeyword(label) ? "%" + label : label;

    // As it is spoken: an s8, a u8.
    private static bool IsVowel(PrimitiveKind kind) => kind is PrimitiveKind.S8 or PrimitiveKind.S16 or PrimitiveKind.S32 or PrimitiveKind.S64;

    private static string Range(PrimitiveKind kind) => kind switch
    {
        PrimitiveKind.U8 => "0 to 255",
        PrimitiveKind.S8 => "-128 to 127",
        PrimitiveKind.U16 => "0 to 65535",
        PrimitiveKind.S16 => "-32768 to 32767",
        PrimitiveKind.U32 => "0 to 4294967295",
        PrimitiveKind.S32 => "-2147483648 to 2147483647",
        PrimitiveKind.U64 => "0 to 18446744073709551615",
        PrimitiveKind.S64 => "-9223372036854775808 to 9223372036854775807",
        _ => "no form in WAVE",
    };
}
