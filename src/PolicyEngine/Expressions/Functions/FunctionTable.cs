using Chain.PolicyEngine.Expressions.Types;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>Functions by name, each with its overloads.</summary>
internal sealed class FunctionTable(FunctionTable? parent = null)
{
    private readonly Dictionary<string, List<Overload>> _overloads = [];

    public IEnumerable<string> Names => parent is null ? _overloads.Keys : _overloads.Keys.Concat(parent.Names);

    public void Add(string name, Overload overload)
    {
        if (!_overloads.TryGetValue(name, out List<Overload>? list))
        {
            list = parent?.Find(name) is { } inherited ? [.. inherited] : [];
            _overloads.Add(name, list);
        }

        list.Add(overload);
    }

    /// <summary>The overloads in the order of declaration, or null where no function has the name.</summary>
    public IReadOnlyList<Overload>? Find(string name) =>
        _overloads.TryGetValue(name, out List<Overload>? list) ? list : parent?.Find(name);
}
