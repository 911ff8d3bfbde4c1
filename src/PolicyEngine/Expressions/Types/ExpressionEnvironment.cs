using Chain.PolicyEngine.Expressions.Functions;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>What expressions may name: variables, functions, object types; and the container in which names are looked up.</summary>
/// <remarks>Built once, then read only; checking and compiling with it may run on any thread.</remarks>
public sealed class ExpressionEnvironment
{
    private static readonly Lazy<FunctionTable> Library = new(StandardLibrary.Create);

    private static readonly Dictionary<string, CelType> TypeNames = new()
    {
        ["bool"] = CelType.Bool,
        ["int"] = CelType.Int,
        ["uint"] = CelType.Uint,
        ["double"] = CelType.Double,
        ["string"] = CelType.String,
        ["bytes"] = CelType.Bytes,
        ["null_type"] = CelType.Null,
        ["list"] = CelType.List(CelType.Dyn),
        ["map"] = CelType.Map(CelType.Dyn, CelType.Dyn),
        ["type"] = CelType.Type(CelType.Dyn),
        ["google.protobuf.Timestamp"] = CelType.Timestamp,
        ["google.protobuf.Duration"] = CelType.Duration,
        ["optional_type"] = CelType.Optional(CelType.Dyn),
    };

    private readonly Dictionary<string, VariableDeclaration> _variables = [];
    private readonly Dictionary<string, ObjectDeclaration> _objects = [];
    private readonly FunctionTable _functions;

    /// <param name="container">The scope for names, such as <c>com.example</c>; empty for none.</param>
    /// <param name="functions">Functions besides the standard library.</param>
    public ExpressionEnvironment(string container = "", IEnumerable<(string Name, Overload Overload)>? functions = null)
    {
        Container = container;
        _functions = new FunctionTable(Library.Value);
        foreach ((string name, Overload overload) in functions ?? []) _functions.Add(name, overload);
    }

    public string Container { get; }

    /// <summary>The variables, by slot.</summary>
    public IReadOnlyCollection<VariableDeclaration> Variables => _variables.Values;

    /// <summary>Declares a variable; the last declaration of a name counts.</summary>
    public ExpressionEnvironment Add(VariableDeclaration variable)
    {
        variable.Slot = _variables.Count;
        _variables[variable.Name] = variable;
        return this;
    }

    /// <summary>Declares an object type.</summary>
    public ExpressionEnvironment Add(ObjectDeclaration type)
    {
        _objects[type.Shape.Name] = type;
        return this;
    }

    internal VariableDeclaration? FindVariable(string name) => _variables.GetValueOrDefault(name);

    internal ObjectDeclaration? FindObject(string name) => _objects.GetValueOrDefault(name);

    internal IReadOnlyList<Overload>? FindFunction(string name) => _functions.Find(name);

    internal CelType? FindType(string name) => TypeNames.GetValueOrDefault(name) ?? _objects.GetValueOrDefault(name)?.Type;

    /// <summary>The names to try for a written one: in the container, outwards, then the root.</summary>
    internal IEnumerable<string> Candidates(string name)
    {
        if (name.StartsWith('.'))
        {
            yield return name[1..];
            yield break;
        }

        for (string scope = Container; scope.Length > 0; scope = scope.Contains('.') ? scope[..scope.LastIndexOf('.')] : "")
        {
            yield return $"{scope}.{name}";
        }

        yield return name;
    }

    /// <summary>The known name nearest to a wrong one, to be suggested; null where none is near.</summary>
    internal string? Suggest(string name) => NearestName.Of(name, _variables.Keys.Concat(_functions.Names));
}
