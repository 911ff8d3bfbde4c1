using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>What the validator says about typical mistakes, word for word.</summary>
public sealed class ValidationMessageTests
{
    private static readonly ValueType I32 = ValueType.I32;
    private static readonly ValueType I64 = ValueType.I64;

    private const string At = "invalid module orders.wasm at ";

    private static readonly (string Case, ModuleBuilder Module, string Message)[] Mistakes =
    [
        ("wrong operand", Body([], [I32], 0x41, 1, 0x42, 2, 0x6A, 0x0B),
            At + "0x1c: type mismatch, expected i32, found i64 (function 0 'total')"),
        ("missing operand", Body([], [I32], 0x41, 1, 0x6A, 0x0B),
            At + "0x1a: type mismatch, expected i32, found no operand (function 0 'total')"),
        ("operand left over", Body([], [], 0x41, 1, 0x0B),
            At + "0x19: type mismatch, expected the end of the operands, found i32 (function 0 'total')"),
        ("operands left over", Body([], [], 0x41, 1, 0x42, 1, 0x0B),
            At + "0x1b: type mismatch, expected the end of the operands, found 2 more, the last one i64 (function 0 'total')"),
        ("wrong result", Body([], [I32], 0x42, 1, 0x0B),
            At + "0x1a: type mismatch, expected i32, found i64 (function 0 'total')"),
        ("unknown local", Body([I32], [], 0x20, 1, 0x1A, 0x0B),
            At + "0x18: unknown local 1, expected an index below 1 (function 0 'total')"),
        ("unknown label", Body([], [], 0x0C, 1, 0x0B),
            At + "0x17: unknown label 1, expected an index below 1 (function 0 'total')"),
        ("unknown function", Body([], [], 0x10, 7, 0x0B),
            At + "0x17: unknown function 7, expected an index below 1 (function 0 'total')"),
        ("unknown memory", Body([], [], 0x41, 0, 0x28, 2, 0, 0x1A, 0x0B),
            At + "0x19: unknown memory 0, there is none (function 0 'total')"),
        ("unknown block type", Body([], [], 0x02, 9, 0x0B, 0x0B),
            At + "0x17: unknown type 9, expected an index below 1 (function 0 'total')"),
        ("alignment", Body([], [], 0x41, 0, 0x28, 3, 0, 0x1A, 0x0B).Memory(),
            At + "0x1e: alignment must not be larger than natural, expected at most 4 bytes, found 8 (function 0 'total')"),
        ("offset", Body([], [], 0x41, 0, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1A, 0x0B).Memory(),
            At + "0x1e: offset out of range, expected at most 4294967295 for a memory with 32-bit addresses, "
                + "found 4294967296 (function 0 'total')"),
        ("immutable global", Body([], [], 0x41, 0, 0x24, 0, 0x0B).Global(0x7F, false, 0x41, 0, 0x0B),
            At + "0x21: immutable global, expected a mutable one, found global 0 of type i32 (function 0 'total')"),
        ("no else", Body([], [I32], 0x41, 1, 0x04, 0x7F, 0x41, 2, 0x0B, 0x0B),
            At + "0x1e: type mismatch, expected else for an if of type () -> (i32), found end (function 0 'total')"),
        ("select of references", Body([], [], 0xD0, 0x70, 0xD0, 0x70, 0x41, 0, 0x1B, 0x1A, 0x0B),
            At + "0x1d: type mismatch, expected a number or vector (select without a type), found funcref (function 0 'total')"),
        ("br_table arity", Body([], [], 0x02, 0x7F, 0x41, 0, 0x41, 0, 0x0E, 1, 0, 1, 0x0B, 0x1A, 0x0B),
            At + "0x1d: type mismatch, expected 0 operands for label 0, as for the default label 1, found 1 (function 0 'total')"),
        ("table of externref", Body([], [], 0x41, 0, 0x11, 0, 0, 0x0B).Table(0x6F),
            At + "0x1f: type mismatch, expected a table of funcref, found table 0 of externref (function 0 'total')"),
        ("tail call results", Body([], [I32], 0x12, 1, 0x0B).Type([], I64).Function(1, [0x42, 0, 0x0B]),
            At + "0x1d: type mismatch, expected a callee with results (i32), found (i64) (function 0 'total')"),
        ("catch label", Body([], [I32], 0x1F, 0x40, 1, 2, 0, 0x0B, 0x41, 0, 0x0B),
            At + "0x18: type mismatch, expected a label that takes () for a catch clause, "
                + "found label 0, which takes (i32) (function 0 'total')"),
        ("catch operands", Body([], [], 0x1F, 0x40, 1, 1, 0, 0, 0x0B, 0x0B).Type([I32]).Add(SectionId.Tag, 0, 1),
            At + "0x20: type mismatch, expected a label that takes (i32 (ref exn)) for a catch clause, "
                + "found label 0, which takes () (function 0 'total')"),
        ("undeclared function", Body([], [], 0xD2, 0, 0x1A, 0x0B),
            At + "0x17: undeclared function reference, expected function 0 in an export, an element segment or a global, "
                + "found in bodies only (function 0 'total')"),
        ("unset local", new ModuleBuilder().Type([]).Function(0, [0x20, 0, 0x1A, 0x0B], [(1, ValueType.FuncRef.AsNonNull())], "total"),
            At + "0x1a: uninitialized local 0, expected it set before, as (ref func) has no default (function 0 'total')"),
        ("data count", Body([], [], 0xFC, 9, 0, 0x0B).Add(SectionId.Data, 1, 0),
            At + "0x17: data count section required, found none (function 0 'total')"),
        ("not a structure", Body([], [], 0xFB, 1, 0, 0x1A, 0x0B),
            At + "0x17: type mismatch, expected a structure type, found type 0, which is a function type (function 0 'total')"),
        ("immutable field", Body([], [], 0xD0, 1, 0x41, 0, 0xFB, 5, 1, 0, 0x0B).Add(SectionId.Type, 0x5F, 1, 0x7F, 0),
            At + "0x1f: immutable field, expected a mutable one, found field 0 of type 1, i32 (function 0 'total')"),
        ("packed field", Body([], [], 0xD0, 1, 0xFB, 2, 1, 0, 0x1A, 0x0B).Add(SectionId.Type, 0x5F, 1, 0x78, 0),
            At + "0x1d: type mismatch, expected a field that is not packed, found i8 (function 0 'total')"),
        ("lane", Body([], [], [0xFD, 12, .. new byte[16], 0xFD, 27, 4, 0x1A, 0x0B]),
            At + "0x29: invalid lane index, expected one below 4, found 4 (function 0 'total')"),
        ("not constant", new ModuleBuilder().Global(0x7F, false, 0x41, 0, 0x45, 0x0B),
            At + "0xf: constant expression required, found i32.eqz"),
        ("mutable global in a constant", new ModuleBuilder().Global(0x7F, true, 0x41, 0, 0x0B).Global(0x7F, false, 0x23, 0, 0x0B),
            At + "0x12: constant expression required, expected an immutable global, found global 0, which is mutable"),
        ("wrong constant", new ModuleBuilder().Global(0x7E, false, 0x41, 0, 0x0B),
            At + "0xf: type mismatch, expected i64, found i32"),
        ("unknown type", new ModuleBuilder().Type([]).Function(3, [0x0B]),
            At + "0x11: unknown type 3, expected an index below 1"),
        ("no supertype", new ModuleBuilder().Type([]).Add(SectionId.Type, 0x50, 1, 0, 0x60, 0, 0),
            At + "0xe: sub type 1 does not match, expected a supertype that is not final, found final type 0"),
        ("supertype mismatch",
            new ModuleBuilder().Add(SectionId.Type, 0x50, 0, 0x60, 1, 0x7F, 0).Add(SectionId.Type, 0x50, 1, 0, 0x60, 0, 0),
            At + "0x11: sub type 1 does not match its supertype 0, expected (i32) -> (), found () -> ()"),
        ("memory size", new ModuleBuilder().Add(SectionId.Memory, 0, 0x81, 0x80, 4),
            At + "0xb: memory size too large, expected at most 65536 pages, found 65537"),
        ("limits", new ModuleBuilder().Add(SectionId.Memory, 1, 2, 1),
            At + "0xb: size minimum must not be greater than maximum, expected at most 1 pages, found 2"),
        ("shared memory", new ModuleBuilder().Add(SectionId.Memory, 3, 1, 1),
            At + "0xb: shared memory, expected an unshared one, as threads are not in WebAssembly 3.0"),
        ("table without initializer", new ModuleBuilder().Add(SectionId.Table, 0x64, 0x70, 0, 1),
            At + "0xb: type mismatch, expected an initializer for a table of (ref func), found none"),
        ("export twice", new ModuleBuilder().Memory().Export("m\n1", ExternalKind.Memory, 0).Export("m\n1", ExternalKind.Memory, 0),
            At + "0x16: duplicate export name, expected each once, found 'm?1' again"),
        ("unknown export", new ModuleBuilder().Export("t", ExternalKind.Table, 0),
            At + "0xb: unknown table 0, there is none"),
        ("start with parameters", Body([I32], [], 0x0B).Add(SectionId.Start, 0),
            At + "0x15: start function of the wrong type, expected () -> (), found (i32) -> () (function 0 'total')"),
        ("tag with results", new ModuleBuilder().Type([], I32).Add(SectionId.Tag, 0, 0),
            At + "0x12: non-empty tag result type, expected none, found 1 in type 0"),
        ("element type", new ModuleBuilder().Table(0x6F).Add(SectionId.Element, 0, 0x41, 0, 0x0B, 0),
            At + "0x11: type mismatch, expected elements of type externref, found (ref func)"),
        ("bytes after the end", Body([], [], 0x0B, 0x01),
            "malformed module orders.wasm at 0x18: expected the end of the function's bytes, found 1 more (function 0 'total')"),
        ("no end", Body([], [], 0x01),
            "malformed module orders.wasm at 0x18: unexpected end (function 0 'total')"),
        ("illegal opcode", Body([], [], 0xFF, 0x0B),
            "malformed module orders.wasm at 0x17: illegal opcode 0xff (function 0 'total')"),
        ("else without if", Body([], [], 0x05, 0x0B, 0x0B),
            At + "0x17: else without if, expected end (function 0 'total')"),
    ];

    public static TheoryData<string> Cases => [.. Mistakes.Select(mistake => mistake.Case)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void AMistakeIsNamedWithItsPlaceAndWhatWasExpectedAndFound(string name)
    {
        (_, ModuleBuilder module, string message) = Mistakes.Single(mistake => mistake.Case == name);
        var error = Assert.ThrowsAny<WasmException>(() => ModuleValidator.Validate(ModuleReader.Read(module.Build(), "orders.wasm")));
        Assert.Equal(message, error.Message);
        Assert.Contains($" at 0x{error.Offset:x}: ", message);
    }

    // One named function of type 0.
    private static ModuleBuilder Body(ValueType[] parameters, ValueType[] results, params byte[] code) =>
        new ModuleBuilder().Type(parameters, results).Function(0, code, name: "total");
}
