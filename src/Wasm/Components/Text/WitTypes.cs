using System.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Components.Text;

/// <summary>Types as WIT writes them, within one interface or world.</summary>
internal sealed class WitTypes
{
    private static readonly HashSet<string> Keywords =
    [
        "as", "async", "bool", "borrow", "char", "constructor", "enum", "error-context", "export", "f32", "f64", "flags", "from", "func",
        "future", "import", "include", "interface", "list", "map", "option", "own", "package", "record", "resource", "result", "s16", "s32",
        "s64", "s8", "static", "stream", "string", "tuple", "type", "u16", "u32", "u64", "u8", "use", "variant", "with", "world",
    ];

    private readonly Dictionary<AnyType, string> local = new(ReferenceEqualityComparer.Instance);

    /// <summary>Notes what a type is called here.</summary>
    public void Add(AnyType type, string name) => local.TryAdd(type, name);

    public string? Find(AnyType type) => local.GetValueOrDefault(type);

    /// <summary>A name that cannot be read as a keyword.</summary>
    public static string Escape(string name) => Keywords.Contains(name) ? "%" + name : name;

    /// <summary>A type where it is used: its name, or its parts where it has none.</summary>
    public string Use(ValType? type) => type is null ? "_" : Find(type) is { } name ? Escape(name) : Structure(type);

    /// <summary>A type by its parts; a record and the like has no such form, and validation has seen to it that it has a name.</summary>
    public string Structure(ValType type) => type switch
    {
        PrimitiveType primitive => TypeMatching.PrimitiveName(primitive.Kind),
        ListType { Length: { } length } list => $"list<{Use(list.Element)}, {length}>",
        ListType list => $"list<{Use(list.Element)}>",
        MapType map => $"map<{Use(map.Key)}, {Use(map.Value)}>",
        TupleType tuple => $"tuple<{string.Join(", ", tuple.Types.Select(Use))}>",
        OptionType option => $"option<{Use(option.Type)}>",
        ResultType { Ok: null, Error: null } => "result",
        ResultType { Error: null } result => $"result<{Use(result.Ok)}>",
        ResultType result => $"result<{Use(result.Ok)}, {Use(result.Error)}>",
        HandleType { IsOwn: true } handle => Resource(handle.Resource),
        HandleType handle => $"borrow<{Resource(handle.Resource)}>",
        StreamType { Element: null } => "stream",
        StreamType stream => $"stream<{Use(stream.Element)}>",
        FutureType { Element: null } => "future",
        FutureType future => $"future<{Use(future.Element)}>",
        RecordType record => $"record {{ {string.Join(", ", record.Fields.Select(field => $"{Escape(field.Label)}: {Use(field.Type)}"))} }}",
        _ => TypeMatching.Describe(type),
    };

    /// <summary>A function's parameters and result; those of a method without <c>self</c>.</summary>
    public string Signature(FuncType func, bool isMethod = false, bool isConstructor = false)
    {
        var text = new StringBuilder("(");
        for (int i = isMethod ? 1 : 0; i < func.Parameters.Count; i++)
        {
            if (text.Length > 1) text.Append(", ");
            text.Append(Escape(func.Parameters[i].Label)).Append(": ").Append(Use(func.Parameters[i].Type));
        }

        text.Append(')');
        // A constructor's result goes without saying, unless it can fail.
        bool hasResult = func.Result is not null && !(isConstructor && func.Result is HandleType);
        if (hasResult) text.Append(" -> ").Append(Use(func.Result));
        return text.ToString();
    }

    private string Resource(ResourceType resource) => Find(resource) is { } name ? Escape(name) : "resource";
}
