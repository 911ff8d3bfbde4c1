namespace Chain.Wasm.Execution;

/// <summary>Why execution ended before its end (core specification, "Execution"); the last ones are this engine's own limits.</summary>
public enum TrapKind
{
    Unreachable,
    MemoryOutOfBounds,
    TableOutOfBounds,
    IndirectCallTypeMismatch,
    UninitializedElement,
    UndefinedElement,
    IntegerOverflow,
    IntegerDivideByZero,
    InvalidConversionToInteger,
    NullReference,
    NullFunctionReference,
    NullExceptionReference,
    NullStructureReference,
    NullArrayReference,
    NullI31Reference,
    CastFailure,
    ArrayOutOfBounds,
    AllocationTooLarge,

    /// <summary>The guest's call stack reached its limit ("call stack exhausted").</summary>
    StackOverflow,

    /// <summary>The deadline of the call passed, or it was cancelled.</summary>
    Deadline,

    /// <summary>The fuel of the store is used up.</summary>
    OutOfFuel,
}

/// <summary>A trap: the guest's code did something that has no result. The instance's state is as the trap left it.</summary>
public sealed class WasmTrapException : WasmException
{
    public WasmTrapException(TrapKind kind, Exception? inner = null)
        : base(Describe(kind), -1, inner) => Kind = kind;

    public WasmTrapException(TrapKind kind, string detail)
        : base($"{Describe(kind)}: {detail}") => Kind = kind;

    /// <summary>Why.</summary>
    public TrapKind Kind { get; }

    private static string Describe(TrapKind kind) => "wasm trap: " + kind switch
    {
        TrapKind.Unreachable => "unreachable",
        TrapKind.MemoryOutOfBounds => "out of bounds memory access",
        TrapKind.TableOutOfBounds => "out of bounds table access",
        TrapKind.IndirectCallTypeMismatch => "indirect call type mismatch",
        TrapKind.UninitializedElement => "uninitialized element",
        TrapKind.UndefinedElement => "undefined element",
        TrapKind.IntegerOverflow => "integer overflow",
        TrapKind.IntegerDivideByZero => "integer divide by zero",
        TrapKind.InvalidConversionToInteger => "invalid conversion to integer",
        TrapKind.NullReference => "null reference",
        TrapKind.NullFunctionReference => "null function reference",
        TrapKind.NullExceptionReference => "null exception reference",
        TrapKind.NullStructureReference => "null structure reference",
        TrapKind.NullArrayReference => "null array reference",
        TrapKind.NullI31Reference => "null i31 reference",
        TrapKind.CastFailure => "cast failure",
        TrapKind.ArrayOutOfBounds => "out of bounds array access",
        TrapKind.AllocationTooLarge => "allocation size too large",
        TrapKind.StackOverflow => "call stack exhausted",
        TrapKind.Deadline => "deadline exceeded",
        TrapKind.OutOfFuel => "out of fuel",
        _ => kind.ToString(),
    };
}
