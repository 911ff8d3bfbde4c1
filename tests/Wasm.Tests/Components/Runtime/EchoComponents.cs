using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>Components that give back, or pass on, a value of any type as it is.</summary>
internal static class EchoComponents
{
    private const int Padding = 16;

    /// <summary>The value among others, as functions in memory take and give it.</summary>
    public static ComponentValue Wrapped(ComponentValue value) => new TupleValue([value, new IntegerValue(PrimitiveKind.U8, 0xA5)]);

    public static ComponentValue[] Arguments(ComponentValue value) =>
        [Wrapped(value), .. Enumerable.Repeat<ComponentValue>(new IntegerValue(PrimitiveKind.U64, -1), Padding)];

    /// <summary>
    /// Exports <c>f: func(x: tuple&lt;T, u8&gt;, sixteen u64) -> tuple&lt;T, u8&gt;</c>: too much for flat values, so that the parameters lie in memory,
    /// where the result can stay.
    /// </summary>
    public static CompiledComponent InMemory(ValType type, CanonOptionKind encoding)
    {
        var builder = new ComponentBuilder();
        uint core = builder.Core(new GuestModule().Function("f", GuestModule.I32, GuestModule.I32, [Guest.Get, 0, Guest.End]));
        builder.LiftExport(core, "f", Spilled(builder, type, imports: false), builder.Options(encoding, postReturn: true));
        return builder.Compile("echo");
    }

    /// <summary>Imports <c>f</c> and exports it as <c>g</c>, through a memory of its own.</summary>
    public static CompiledComponent ForwardInMemory(ValType type, CanonOptionKind encoding)
    {
        var builder = new ComponentBuilder();
        uint function = Spilled(builder, type, imports: true);
        uint lowered = builder.Lower(builder.Import("f", Sort.Func, function), builder.Options(encoding));
        long size = new TupleType([type, PrimitiveType.Of(PrimitiveKind.U8)]).Layout.Size;
        byte[] code =
        [
            .. Guest.Const(0), .. Guest.Const(0), .. Guest.Const(8), .. Guest.Const((int)size), Guest.Call, 0, Guest.Set, 1,
            Guest.Get, 0, Guest.Get, 1, Guest.Call, 1, Guest.Get, 1, Guest.End,
        ];
        var module = new GuestModule(("f", GuestModule.Types(2), [])).Function("g", GuestModule.I32, GuestModule.I32, code, (1, ValueType.I32));
        builder.LiftExport(builder.Core(module, ("f", lowered)), "g", function, builder.Options(encoding, postReturn: true));
        return builder.Compile("forward");
    }

    /// <summary>Whether a value of the type is at most 16 flat core values.</summary>
    public static bool IsFlat(ValType type) => Flattening.Flatten(type) is not null;

    /// <summary>Whether it is one, so that it can be a flat result too.</summary>
    public static bool IsSingle(ValType type) => Flattening.Flatten(type) is { Count: 1 };

    /// <summary>Imports a function <c>func(x: T)</c> and exports another that calls it; both return the value where it is a single core value.</summary>
    public static CompiledComponent ForwardFlat(ValType type, CanonOptionKind encoding, string import, string export)
    {
        var builder = new ComponentBuilder();
        ValTypeUse use = builder.Use(type, imports: true);
        uint function = builder.Function([("x", use)], IsSingle(type) ? use : null);
        uint lowered = builder.Lower(builder.Import(import, Sort.Func, function), builder.Options(encoding));
        ValueType[] flat = [.. Flattening.Flatten(type)!], results = IsSingle(type) ? flat : [];
        byte[] code = [.. Guest.Each(flat.Length, i => [Guest.Get, (byte)i]), Guest.Call, 1, Guest.End];
        var module = new GuestModule((import, flat, results)).Function(export, flat, results, code);
        builder.LiftExport(builder.Core(module, (import, lowered)), export, function, builder.Options(encoding));
        return builder.Compile(export);
    }

    private static uint Spilled(ComponentBuilder builder, ValType type, bool imports)
    {
        ValTypeUse wrapped = ComponentBuilder.Use(builder.Type(new TupleExpression([builder.Use(type, imports), ComponentBuilder.Use(PrimitiveKind.U8)])));
        return builder.Function(
            [("x", wrapped), .. Enumerable.Range(0, Padding).Select(i => ($"p{i}", ComponentBuilder.Use(PrimitiveKind.U64)))], wrapped);
    }
}
