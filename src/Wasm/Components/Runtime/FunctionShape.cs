using System.Runtime.CompilerServices;
using System.Text;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;
using CoreFunctionType = Chain.Wasm.Binary.FunctionType;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Runtime;

/// <summary>What the canonical ABI needs to know of a function type, whatever its names and resource types are. Safe for any thread.</summary>
internal sealed class FunctionShape
{
    /// <summary>The most <see cref="Weight"/>.</summary>
    private const long MaxWeight = 1_000_000;

    private static readonly ConditionalWeakTable<FuncType, FunctionShape> Known = [];

    private readonly List<ResourceIdentity> resources = [];
    private Type? liftedDelegate;
    private Type? loweredDelegate;
    private bool hasOwn;

    private FunctionShape(FuncType type)
    {
        Type = type;
        Weight = WeightOf(type);
        var key = new StringBuilder();
        foreach (Parameter parameter in type.Parameters)
        {
            Describe(parameter.Type, key);
            HasBorrow |= parameter.Type.HasBorrow;
        }

        HasOwnParameter = hasOwn;
        key.Append('>');
        if (type.Result is { } result) Describe(result, key);
        Key = key.ToString();
        FlatParameters = Flattening.Flatten(type.Parameters)?.ToArray();
        FlatResults = Flattening.Flatten(type.Result)?.ToArray();
        if (FlatResults?.Length > Flattening.MaxResults) FlatResults = null;
        ParameterTuple = new TupleType([.. type.Parameters.Select(static parameter => parameter.Type)]);
    }

    public FuncType Type { get; }

    /// <summary>The value types in it with their fields, cases and labels, each counted as often as it is used: the steps of looking at all of it.</summary>
    public long Weight { get; }

    /// <summary>The same for all function types that move in the same way.</summary>
    public string Key { get; }

    public bool HasBorrow { get; }

    /// <summary>Whether the callee is given handles to keep.</summary>
    public bool HasOwnParameter { get; }

    /// <summary>Whether a stream, a future or an error context is in it, which only the Component Model's async can move.</summary>
    public bool HasAsyncValue { get; private set; }

    /// <summary>The core parameters; <see langword="null"/> where they go through memory.</summary>
    public ValueType[]? FlatParameters { get; }

    /// <summary>The core result, if any; <see langword="null"/> where it goes through memory.</summary>
    public ValueType[]? FlatResults { get; }

    /// <summary>The parameters as one tuple, as they lie in memory.</summary>
    public TupleType ParameterTuple { get; }

    /// <summary>The bytes of the parameters, where they are core values; those that go through memory are counted there.</summary>
    public long ArgumentBytes => FlatParameters is null ? 0 : ParameterTuple.Layout.Size;

    /// <summary>The bytes of the result, without what strings and lists have elsewhere.</summary>
    public long ResultBytes => Type.Result?.Layout.Size ?? 0;

    /// <summary>The resource types in it in the order in which they come; handles are compiled by place in this list.</summary>
    public IReadOnlyList<ResourceIdentity> Resources => resources;

    /// <summary>The core type of a lifted function.</summary>
    public CoreFunctionType LiftedType => new(FlatParameters ?? [ValueType.I32], FlatResults ?? [ValueType.I32]);

    /// <summary>The core type of a lowered function.</summary>
    public CoreFunctionType LoweredType
    {
        get
        {
            ValueType[] parameters = FlatParameters ?? [ValueType.I32];
            return FlatResults is { } results ? new CoreFunctionType(parameters, results) : new CoreFunctionType([.. parameters, ValueType.I32], []);
        }
    }

    /// <summary>The delegate type of <see cref="LiftedType"/>.</summary>
    public Type LiftedDelegate => liftedDelegate ??= CoreDelegates.TypeOf(LiftedType);

    /// <summary>The delegate type of <see cref="LoweredType"/>.</summary>
    public Type LoweredDelegate => loweredDelegate ??= CoreDelegates.TypeOf(LoweredType);

    /// <exception cref="WasmLimitException">The type is too large.</exception>
    public static FunctionShape Of(FuncType type) => Known.GetValue(type, static type => new FunctionShape(type));

    /// <summary>The place of a handle's resource type among <see cref="Resources"/>.</summary>
    public int OrdinalOf(HandleType handle) => resources.IndexOf(handle.Resource.Identity);

    private static long WeightOf(FuncType type)
    {
        long left = MaxWeight;
        foreach (Parameter parameter in type.Parameters) Weigh(parameter.Type, ref left);
        if (type.Result is { } result) Weigh(result, ref left);
        if (left < 0) throw new WasmLimitException($"a function's type has too many parts, expected at most {MaxWeight}");
        return MaxWeight - left;
    }

    private static void Weigh(ValType? type, ref long left)
    {
        if (type is null || left < 0) return;
        left -= 1 + type.MemberCount;
        if (left < 0) return;
        switch (type)
        {
            case ListType list: Weigh(list.Element, ref left); break;
            case OptionType option: Weigh(option.Type, ref left); break;
            case MapType map:
                Weigh(map.Key, ref left);
                Weigh(map.Value, ref left);
                break;
            case ResultType result:
                Weigh(result.Ok, ref left);
                Weigh(result.Error, ref left);
                break;
            case RecordType record:
                foreach (Field field in record.Fields) Weigh(field.Type, ref left);
                break;
            case TupleType tuple:
                foreach (ValType member in tuple.Types) Weigh(member, ref left);
                break;
            case VariantType variant:
                foreach (Case one in variant.Cases) Weigh(one.Type, ref left);
                break;
        }
    }

    private int Add(HandleType handle)
    {
        hasOwn |= handle.IsOwn;
        int known = OrdinalOf(handle);
        if (known >= 0) return known;
        resources.Add(handle.Resource.Identity);
        return resources.Count - 1;
    }

    private void Describe(ValType type, StringBuilder key)
    {
        switch (type)
        {
            case PrimitiveType { Kind: not PrimitiveKind.ErrorContext } primitive: key.Append((char)('a' + (PrimitiveKind.Bool - primitive.Kind))); break;
            case ListType list:
                key.Append('L').Append(list.Length);
                Describe(list.Element, key);
                break;
            case MapType map:
                key.Append('M');
                Describe(map.Key, key);
                Describe(map.Value, key);
                break;
            case RecordType record: DescribeMembers(key, record.Fields.Select(static field => (ValType?)field.Type)); break;
            case TupleType tuple: DescribeMembers(key, tuple.Types); break;
            case VariantType variant: DescribeCases(key, [.. variant.Cases.Select(static one => one.Type)]); break;
            case OptionType option: DescribeCases(key, [null, option.Type]); break;
            case ResultType result: DescribeCases(key, [result.Ok, result.Error]); break;
            case EnumType labels: key.Append('E').Append(labels.Labels.Count).Append(';'); break;
            case FlagsType flags: key.Append('F').Append(flags.Labels.Count).Append(';'); break;
            case HandleType handle: key.Append(handle.IsOwn ? 'O' : 'B').Append(Add(handle)).Append(';'); break;
            default:
                HasAsyncValue = true;
                key.Append('?');
                break;
        }
    }

    private void DescribeMembers(StringBuilder key, IEnumerable<ValType?> members)
    {
        key.Append('(');
        foreach (ValType? member in members) Describe(member!, key);
        key.Append(')');
    }

    private void DescribeCases(StringBuilder key, ValType?[] payloads)
    {
        key.Append('[');
        foreach (ValType? payload in payloads)
        {
            if (payload is null) key.Append('_');
            else Describe(payload, key);
            key.Append('|');
        }

        key.Append(']');
    }
}
