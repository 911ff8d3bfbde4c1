namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>
/// Assignability with type parameters: which parameter stands for which type is learned while arguments are matched,
/// and a parameter may become more general, up to dyn (language definition, "Gradual Type Checking").
/// </summary>
internal sealed class TypeUnifier
{
    private Dictionary<string, CelType> _bindings = [];
    private int _fresh;

    /// <summary>A parameter that no other expression uses.</summary>
    public CelType Fresh() => CelType.Param($"_{_fresh++}");

    /// <summary>Whether each type can be used where the other of its place is expected; what was learned is kept only then.</summary>
    public bool TryAssign(IReadOnlyList<CelType> actual, IReadOnlyList<CelType> expected)
    {
        if (actual.Count != expected.Count) return false;
        var learned = new Dictionary<string, CelType>(_bindings);
        for (int i = 0; i < actual.Count; i++)
        {
            if (!IsAssignable(learned, actual[i], expected[i])) return false;
        }

        _bindings = learned;
        return true;
    }

    /// <summary>See <see cref="TryAssign(IReadOnlyList{CelType}, IReadOnlyList{CelType})"/>.</summary>
    public bool TryAssign(CelType actual, CelType expected) => TryAssign([actual], [expected]);

    /// <summary>The common type of two elements of one literal, or two branches: dyn where there is no other.</summary>
    public CelType Join(CelType? previous, CelType current)
    {
        if (previous is null) return current;
        return TryAssign(previous, current) ? MostGeneral(previous, current) : CelType.Dyn;
    }

    /// <summary>Puts what is known in the place of parameters.</summary>
    /// <param name="type">The type.</param>
    /// <param name="freeToDyn">Whether a parameter of which nothing is known becomes dyn.</param>
    public CelType Substitute(CelType type, bool freeToDyn) => Substitute(_bindings, type, freeToDyn);

    /// <summary>The overload's types with its parameters replaced by fresh ones.</summary>
    public (IReadOnlyList<CelType> Args, CelType Result) Instantiate(Overload overload)
    {
        if (!overload.IsGeneric) return (overload.Args, overload.Result);
        var fresh = new Dictionary<string, CelType>();
        foreach (CelType arg in overload.Args) Rename(arg, fresh);
        Rename(overload.Result, fresh);
        return (overload.Args.Select(a => Substitute(fresh, a, false)).ToArray(), Substitute(fresh, overload.Result, false));
    }

    private void Rename(CelType type, Dictionary<string, CelType> fresh)
    {
        if (type.Kind == CelTypeKind.Param) fresh.TryAdd(type.Name, Fresh());
        foreach (CelType parameter in type.Parameters) Rename(parameter, fresh);
    }

    private static CelType Substitute(Dictionary<string, CelType> bindings, CelType type, bool freeToDyn)
    {
        if (type.Kind == CelTypeKind.Param)
        {
            if (bindings.TryGetValue(type.Name, out CelType? bound)) return Substitute(bindings, bound, freeToDyn);
            return freeToDyn ? CelType.Dyn : type;
        }

        if (!type.HasParams) return type;
        CelType[] parameters = [.. type.Parameters.Select(p => Substitute(bindings, p, freeToDyn))];
        return type.Kind switch
        {
            CelTypeKind.List => CelType.List(parameters[0]),
            CelTypeKind.Map => CelType.Map(parameters[0], parameters[1]),
            CelTypeKind.Type => CelType.Type(parameters[0]),
            _ => CelType.Opaque(type.Name, parameters),
        };
    }

    private static bool IsAssignable(Dictionary<string, CelType> bindings, CelType a, CelType b)
    {
        if (b.Kind == CelTypeKind.Param)
        {
            bool valid = IsSubstitution(bindings, a, b, out bool wasBound);
            if (valid || wasBound) return valid;
        }

        if (a.Kind == CelTypeKind.Param) return IsSubstitution(bindings, b, a, out _);
        if (a.Kind == CelTypeKind.Dyn || b.Kind == CelTypeKind.Dyn) return true;
        if (a.Kind == CelTypeKind.Null) return IsNullable(b);
        if (b.Kind == CelTypeKind.Null) return IsNullable(a);
        if (a.Kind != b.Kind) return false;
        if (a.Kind == CelTypeKind.Type) return true;
        if (a.Name != b.Name || a.Parameters.Count != b.Parameters.Count) return false;
        for (int i = 0; i < a.Parameters.Count; i++)
        {
            if (!IsAssignable(bindings, a.Parameters[i], b.Parameters[i])) return false;
        }

        return true;
    }

    private static bool IsNullable(CelType type) =>
        type.Kind is CelTypeKind.Null or CelTypeKind.Timestamp or CelTypeKind.Duration or CelTypeKind.Opaque or CelTypeKind.Object;

    /// <summary>Whether <paramref name="type"/> may stand for the parameter; the parameter grows more general where it must.</summary>
    private static bool IsSubstitution(Dictionary<string, CelType> bindings, CelType type, CelType parameter, out bool wasBound)
    {
        wasBound = true;
        if (type.Equals(parameter)) return true;
        if (bindings.TryGetValue(parameter.Name, out CelType? bound))
        {
            if (type.Equals(bound)) return true;
            if (!IsAssignable(bindings, type, bound)) return false;
            CelType general = MostGeneral(type, bound);
            if (!Occurs(bindings, parameter, general)) bindings[parameter.Name] = general;
            return true;
        }

        wasBound = false;
        if (Occurs(bindings, parameter, type)) return false;
        bindings[parameter.Name] = type;
        return true;
    }

    /// <summary>Whether the parameter stands inside the type, which would make the type infinite.</summary>
    private static bool Occurs(Dictionary<string, CelType> bindings, CelType parameter, CelType type)
    {
        if (type.Kind == CelTypeKind.Param)
        {
            return type.Name == parameter.Name || (bindings.TryGetValue(type.Name, out CelType? bound) && Occurs(bindings, parameter, bound));
        }

        foreach (CelType inner in type.Parameters)
        {
            if (Occurs(bindings, parameter, inner)) return true;
        }

        return false;
    }

    private static CelType MostGeneral(CelType a, CelType b) => IsEqualOrLessSpecific(a, b) ? a : b;

    private static bool IsEqualOrLessSpecific(CelType a, CelType b)
    {
        if (a.Kind is CelTypeKind.Dyn or CelTypeKind.Param) return true;
        if (b.Kind is CelTypeKind.Dyn or CelTypeKind.Param) return false;
        if (a.Kind != b.Kind || a.Name != b.Name || a.Parameters.Count != b.Parameters.Count) return false;
        if (a.Kind == CelTypeKind.Type) return true;
        for (int i = 0; i < a.Parameters.Count; i++)
        {
            if (!IsEqualOrLessSpecific(a.Parameters[i], b.Parameters[i])) return false;
        }

        return true;
    }
}
