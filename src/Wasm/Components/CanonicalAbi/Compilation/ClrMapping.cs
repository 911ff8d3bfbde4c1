using System.Reflection;
using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>How a CLR type stands for a component type; see <see cref="HostInterface"/>.</summary>
internal abstract record ClrMapping(Type Clr, ValType Type);

/// <summary>A number or <see cref="bool"/>.</summary>
internal sealed record NumberMapping(Type Clr, PrimitiveType Primitive) : ClrMapping(Clr, Primitive);

/// <summary>A <see cref="Rune"/>.</summary>
internal sealed record CharMapping(Type Clr, PrimitiveType Primitive) : ClrMapping(Clr, Primitive);

internal sealed record StringMapping(Type Clr, PrimitiveType Primitive) : ClrMapping(Clr, Primitive);

/// <summary>A <c>ReadOnlySpan&lt;byte&gt;</c>.</summary>
internal sealed record ByteSpanMapping(Type Clr, ValType Type) : ClrMapping(Clr, Type);

/// <summary>An array of numbers, which can be copied whole.</summary>
internal sealed record NumberArrayMapping(Type Clr, ValType Type, Type Item) : ClrMapping(Clr, Type);

internal sealed record ArrayMapping(Type Clr, ValType Type, ClrMapping Item) : ClrMapping(Clr, Type);

/// <summary>A record or tuple: how to make it and how to read each member.</summary>
/// <param name="Clr">The CLR type.</param>
/// <param name="Type">The component type.</param>
/// <param name="Constructor">Takes the members in order.</param>
/// <param name="Members">Each member.</param>
/// <param name="Readers">The property or field of each member.</param>
internal sealed record RecordMapping(Type Clr, ValType Type, ConstructorInfo Constructor, ClrMapping[] Members, MemberInfo[] Readers)
    : ClrMapping(Clr, Type);

/// <summary>An enum for an <c>enum</c> or for <c>flags</c>.</summary>
internal sealed record EnumMapping(Type Clr, ValType Type) : ClrMapping(Clr, Type);

/// <summary>An <see cref="IVariant{TSelf}"/>.</summary>
internal sealed record VariantMapping(Type Clr, ValType Type, ClrMapping?[] Payloads) : ClrMapping(Clr, Type);

/// <summary>A <see cref="Nullable{T}"/>, or a reference.</summary>
internal sealed record OptionMapping(Type Clr, ValType Type, ClrMapping Payload) : ClrMapping(Clr, Type);

/// <summary>A <see cref="Result{T, TError}"/>.</summary>
internal sealed record ResultMapping(Type Clr, ValType Type, ClrMapping? Ok, ClrMapping? Error) : ClrMapping(Clr, Type);

/// <summary>A class for a handle.</summary>
internal sealed record HandleMapping(Type Clr, HandleType Handle) : ClrMapping(Clr, Handle);

/// <summary>Finds how CLR types stand for component types.</summary>
internal static class ClrMappings
{
    /// <summary>How a CLR type stands for a type.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says what was expected.</exception>
    public static ClrMapping Map(ValType type, Type clr) => type switch
    {
        PrimitiveType primitive => Map(primitive, clr),
        ListType { Length: null } list => MapList(list, list.Element, clr),
        ListType list when clr.IsArray => new ArrayMapping(clr, list, Map(list.Element, clr.GetElementType()!)),
        MapType map => MapList(map, new TupleType([map.Key, map.Value]), clr),
        RecordType record => MapRecord(record, clr),
        TupleType tuple => MapTuple(tuple, [.. tuple.Types], clr),
        EnumType labels when clr.IsEnum => MapLabels(type, labels.Labels, clr, static place => (ulong)place),
        FlagsType flags when clr.IsEnum => MapLabels(type, flags.Labels, clr, static place => 1UL << place),
        VariantType variant => MapVariant(variant, clr),
        OptionType option => MapOption(option, clr),
        ResultType result => MapResult(result, clr),
        HandleType handle when clr.IsClass => new HandleMapping(clr, handle),
        _ => throw Mismatch(type, clr),
    };

    private static ClrMapping Map(PrimitiveType type, Type clr)
    {
        Type expected = type.Kind switch
        {
            PrimitiveKind.Bool => typeof(bool),
            PrimitiveKind.S8 => typeof(sbyte),
            PrimitiveKind.U8 => typeof(byte),
            PrimitiveKind.S16 => typeof(short),
            PrimitiveKind.U16 => typeof(ushort),
            PrimitiveKind.S32 => typeof(int),
            PrimitiveKind.U32 => typeof(uint),
            PrimitiveKind.S64 => typeof(long),
            PrimitiveKind.U64 => typeof(ulong),
            PrimitiveKind.F32 => typeof(float),
            PrimitiveKind.F64 => typeof(double),
            PrimitiveKind.Char => typeof(Rune),
            _ => typeof(string),
        };
        if (clr != expected) throw Mismatch(type, clr);
        return type.Kind switch
        {
            PrimitiveKind.Char => new CharMapping(clr, type),
            PrimitiveKind.String => new StringMapping(clr, type),
            _ => new NumberMapping(clr, type),
        };
    }

    private static ClrMapping MapList(ValType type, ValType element, Type clr)
    {
        bool isBytes = element is PrimitiveType { Kind: PrimitiveKind.U8 };
        if (isBytes && clr == typeof(ReadOnlySpan<byte>)) return new ByteSpanMapping(clr, type);
        if (!clr.IsArray || clr.GetArrayRank() != 1) throw Mismatch(type, clr);
        Type item = clr.GetElementType()!;
        ClrMapping mapped = Map(element, item);
        return mapped is NumberMapping && item != typeof(bool) ? new NumberArrayMapping(clr, type, item) : new ArrayMapping(clr, type, mapped);
    }

    private static RecordMapping MapRecord(RecordType record, Type clr)
    {
        if (clr.IsPrimitive || clr == typeof(string) || clr.IsEnum || clr.IsArray) throw Mismatch(record, clr);
        ConstructorInfo? constructor = clr.GetConstructors().FirstOrDefault(one => one.GetParameters().Length == record.Fields.Count);
        if (constructor is null) throw Mismatch(record, clr);
        ParameterInfo[] parameters = constructor.GetParameters();
        var members = new ClrMapping[parameters.Length];
        var readers = new MemberInfo[parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            Field field = record.Fields[i];
            if (!IsName(parameters[i].Name!, field.Label)) throw new ArgumentException($"{clr.Name} has '{parameters[i].Name}' where the record has the field '{field.Label}'");
            members[i] = Map(field.Type, parameters[i].ParameterType);
            readers[i] = clr.GetProperties().FirstOrDefault(one => IsName(one.Name, field.Label) && one.PropertyType == parameters[i].ParameterType)
                ?? throw new ArgumentException($"{clr.Name} has no property for the field '{field.Label}'");
        }

        return new RecordMapping(clr, record, constructor, members, readers);
    }

    // A ValueTuple of more than seven has the others in another one.
    private static RecordMapping MapTuple(ValType type, ReadOnlySpan<ValType> types, Type clr)
    {
        if (clr.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) != true) throw Mismatch(type, clr);
        Type[] items = clr.GetGenericArguments();
        bool hasRest = types.Length > 7;
        if (items.Length != (hasRest ? 8 : types.Length)) throw Mismatch(type, clr);
        var members = new ClrMapping[items.Length];
        var readers = new MemberInfo[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            members[i] = i == 7 ? MapTuple(new TupleType(types[7..].ToArray()), types[7..], items[7]) : Map(types[i], items[i]);
            readers[i] = clr.GetField(i == 7 ? "Rest" : $"Item{i + 1}")!;
        }

        return new RecordMapping(clr, type, clr.GetConstructor(items)!, members, readers);
    }

    private static EnumMapping MapLabels(ValType type, IReadOnlyList<string> labels, Type clr, Func<int, ulong> valueOf)
    {
        for (int i = 0; i < labels.Count; i++)
        {
            string? name = Enum.GetName(clr, Enum.ToObject(clr, valueOf(i)));
            if (name is null || !IsName(name, labels[i])) throw new ArgumentException($"{clr.Name} has '{name}' where '{labels[i]}' is expected");
        }

        return new EnumMapping(clr, type);
    }

    private static VariantMapping MapVariant(VariantType variant, Type clr)
    {
        Type contract = typeof(IVariant<>);
        bool fits = clr.GetInterfaces().Any(one => one.IsGenericType && one.GetGenericTypeDefinition() == contract && one.GetGenericArguments()[0] == clr);
        if (!fits) throw Mismatch(variant, clr);
        IReadOnlyList<(string Label, Type? Payload)> cases = VariantAccess.Cases(clr);
        if (cases.Count != variant.Cases.Count) throw Mismatch(variant, clr);
        var payloads = new ClrMapping?[cases.Count];
        for (int i = 0; i < payloads.Length; i++)
        {
            Case expected = variant.Cases[i];
            if (cases[i].Label != expected.Label || (cases[i].Payload is null) != (expected.Type is null))
                throw new ArgumentException($"{clr.Name} has the case '{cases[i].Label}' where '{expected.Label}' is expected");
            if (expected.Type is { } payload) payloads[i] = Map(payload, cases[i].Payload!);
        }

        return new VariantMapping(clr, variant, payloads);
    }

    private static OptionMapping MapOption(OptionType option, Type clr)
    {
        if (Nullable.GetUnderlyingType(clr) is { } inner) return new OptionMapping(clr, option, Map(option.Type, inner));
        if (clr.IsValueType) throw Mismatch(option, clr);
        ClrMapping payload = Map(option.Type, clr);
        return payload is OptionMapping ? throw Mismatch(option, clr) : new OptionMapping(clr, option, payload);
    }

    private static ResultMapping MapResult(ResultType result, Type clr)
    {
        if (!clr.IsGenericType || clr.GetGenericTypeDefinition() != typeof(Result<,>)) throw Mismatch(result, clr);
        Type[] parts = clr.GetGenericArguments();
        return new ResultMapping(clr, result, Part(result.Ok, parts[0], result), Part(result.Error, parts[1], result));
    }

    private static ClrMapping? Part(ValType? type, Type clr, ResultType whole)
    {
        if (type is not null) return Map(type, clr);
        return clr == typeof(Unit) ? null : throw Mismatch(whole, clr);
    }

    private static bool IsName(string clr, string label) => clr.Equals(label.Replace("-", ""), StringComparison.OrdinalIgnoreCase);

    private static ArgumentException Mismatch(ValType type, Type clr) => new($"{clr.Name} cannot stand for {TypeMatching.Describe(type)}");
}

/// <summary>The members of an <see cref="IVariant{TSelf}"/> by its CLR type.</summary>
internal static class VariantAccess
{
    public static IReadOnlyList<(string Label, Type? Payload)> Cases(Type clr) =>
        (IReadOnlyList<(string Label, Type? Payload)>)Of(nameof(CasesOf), clr).Invoke(null, null)!;

    public static MethodInfo Create(Type clr) => Of(nameof(CreateOf), clr);

    public static MethodInfo Case(Type clr) => Of(nameof(CaseOf), clr);

    public static MethodInfo Payload(Type clr) => Of(nameof(PayloadOf), clr);

    private static MethodInfo Of(string name, Type clr) =>
        typeof(VariantAccess).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(clr);

    private static IReadOnlyList<(string Label, Type? Payload)> CasesOf<T>()
        where T : IVariant<T> => T.Cases;

    private static T CreateOf<T>(int number, object? payload)
        where T : IVariant<T> => T.Create(number, payload);

    private static int CaseOf<T>(T value)
        where T : IVariant<T> => value.Case;

    private static object? PayloadOf<T>(T value)
        where T : IVariant<T> => value.Payload;
}
