using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>A variable that expressions may name.</summary>
/// <param name="name">Its name; it may be qualified, such as <c>a.b</c>.</param>
/// <param name="type">Its static type.</param>
/// <param name="read">How it is read; by default from <see cref="Frame.Variables"/> at its <see cref="Slot"/>.</param>
public sealed class VariableDeclaration(string name, CelType type, Evaluator? read = null)
{
    public string Name { get; } = name;

    public CelType Type { get; } = type;

    public Evaluator? Read { get; } = read;

    /// <summary>Its place in <see cref="Frame.Variables"/>, in the order of declaration.</summary>
    public int Slot { get; internal set; }
}

/// <summary>A field of an object type.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its static type.</param>
/// <param name="Read">Reads it: the object, and the frame of the evaluation.</param>
/// <param name="Description">One line for people: what it holds.</param>
public sealed record FieldDeclaration(string Name, CelType Type, Func<Value, Frame, Value> Read, string Description = "");

/// <summary>An object type and its fields.</summary>
/// <param name="shape">What its values carry.</param>
/// <param name="fields">Its fields.</param>
public sealed class ObjectDeclaration(ObjectShape shape, params FieldDeclaration[] fields)
{
    private readonly Dictionary<string, FieldDeclaration> _fields = fields.ToDictionary(f => f.Name);

    public ObjectShape Shape { get; } = shape;

    public CelType Type { get; } = CelType.Object(shape.Name);

    public IReadOnlyCollection<FieldDeclaration> Fields => _fields.Values;

    public FieldDeclaration? Find(string name) => _fields.GetValueOrDefault(name);
}

/// <summary>One signature of a function, and what it does.</summary>
public sealed class Overload
{
    private Overload(string id, bool isMember, CelType result, CelType[] args)
    {
        Id = id;
        IsMember = isMember;
        Result = result;
        Args = args;
        IsGeneric = result.HasParams || args.Any(a => a.HasParams);
    }

    /// <summary>A name that is distinct among all overloads, such as <c>size_string</c>.</summary>
    public string Id { get; }

    /// <summary>Whether it is called <c>target.f(…)</c>; the target is then its first argument.</summary>
    public bool IsMember { get; }

    public CelType Result { get; }

    public IReadOnlyList<CelType> Args { get; }

    /// <summary>Whether its types have parameters.</summary>
    public bool IsGeneric { get; }

    internal Func<Frame, Value>? Invoke0 { get; private init; }

    internal Func<Value, Frame, Value>? Invoke1 { get; private init; }

    internal Func<Value, Value, Frame, Value>? Invoke2 { get; private init; }

    internal Func<Value[], Frame, Value>? InvokeMany { get; private init; }

    /// <summary>
    /// Looks at the arguments when the expression is compiled and may give a faster evaluator for them (such as one
    /// with a constant argument prepared), or null.
    /// </summary>
    internal Func<IReadOnlyList<Evaluator>, IReadOnlyList<Value?>, Evaluator?>? Specialize { get; private init; }

    /// <summary>Declares without an implementation: for operators, which are compiled, and for checking only.</summary>
    public static Overload Declare(string id, bool isMember, CelType result, params CelType[] args) => new(id, isMember, result, args);

    public static Overload Of(string id, bool isMember, CelType result, Func<Frame, Value> body) =>
        new(id, isMember, result, []) { Invoke0 = body };

    public static Overload Of(
        string id, bool isMember, CelType result, CelType a, Func<Value, Frame, Value> body,
        Func<IReadOnlyList<Evaluator>, IReadOnlyList<Value?>, Evaluator?>? specialize = null) =>
        new(id, isMember, result, [a]) { Invoke1 = body, Specialize = specialize };

    public static Overload Of(
        string id, bool isMember, CelType result, CelType a, CelType b, Func<Value, Value, Frame, Value> body,
        Func<IReadOnlyList<Evaluator>, IReadOnlyList<Value?>, Evaluator?>? specialize = null) =>
        new(id, isMember, result, [a, b]) { Invoke2 = body, Specialize = specialize };

    public static Overload Of(string id, bool isMember, CelType result, CelType[] args, Func<Value[], Frame, Value> body) =>
        new(id, isMember, result, args) { InvokeMany = body };

    internal bool HasBody => Invoke0 is not null || Invoke1 is not null || Invoke2 is not null || InvokeMany is not null;
}
