using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm.Spec;

/// <summary>Compares a trap with the reference implementation's words for it.</summary>
internal static class TrapTexts
{
    /// <summary>
    /// Whether a trap is the one that a script names. Words that are not known here agree with every trap of the specification: another
    /// wording is no failure. The engine's own limits agree with nothing.
    /// </summary>
    public static bool Agrees(string? text, TrapKind found) => text switch
    {
        _ when found is TrapKind.StackOverflow or TrapKind.Deadline or TrapKind.OutOfFuel => false,
        "unreachable" => found == TrapKind.Unreachable,
        "integer divide by zero" => found == TrapKind.IntegerDivideByZero,
        "integer overflow" => found == TrapKind.IntegerOverflow,
        "invalid conversion to integer" => found == TrapKind.InvalidConversionToInteger,
        "out of bounds memory access" => found == TrapKind.MemoryOutOfBounds,
        "out of bounds table access" => found == TrapKind.TableOutOfBounds,
        "out of bounds array access" => found == TrapKind.ArrayOutOfBounds,
        "undefined element" => found is TrapKind.UndefinedElement or TrapKind.TableOutOfBounds,
        "indirect call type mismatch" => found == TrapKind.IndirectCallTypeMismatch,
        "cast failure" => found == TrapKind.CastFailure,
        _ when text is not null && text.StartsWith("uninitialized element", StringComparison.Ordinal) => found == TrapKind.UninitializedElement,
        _ when text is not null && text.StartsWith("null ", StringComparison.Ordinal) => found is >= TrapKind.NullReference and <= TrapKind.NullI31Reference,
        _ => true,
    };
}
