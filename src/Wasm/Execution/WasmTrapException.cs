using System.Diagnostics;

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

    /// <summary>
    /// The functions that were running, innermost first, by index in their module; as far as the engine kept frames for them (a function that
    /// was compiled into its caller has none), and no more than the innermost 64.
    /// </summary>
    public IReadOnlyList<uint> Backtrace
    {
        get
        {
            var frames = new List<uint>();
            if (InnerException is { } inner) AddFrames(inner, frames);
            AddFrames(this, frames);
            return frames;
        }
    }

    // A stack that overflowed has tens of thousands.
    private const int MostFrames = 64;

    // Compiled functions carry their index in their method's name.
    private static void AddFrames(Exception exception, List<uint> frames)
    {
        foreach (StackFrame frame in new StackTrace(exception).GetFrames())
        {
            if (frames.Count == MostFrames) return;
            string name = DiagnosticMethodInfo.Create(frame)?.Name ?? "";
            if (name.StartsWith(FramePrefix, StringComparison.Ordinal)
                && uint.TryParse(name.AsSpan(FramePrefix.Length).TrimEnd(']'), out uint function))
            {
                frames.Add(function);
            }
        }
    }

    /// <summary>What the names of compiled functions' methods begin with; the index and a closing bracket follow.</summary>
    internal const string FramePrefix = "wasm-function[";

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
