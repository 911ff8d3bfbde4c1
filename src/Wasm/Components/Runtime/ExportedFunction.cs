using Chain.Wasm.Components.Types;
using Chain.Wasm.Text;

namespace Chain.Wasm.Components.Runtime;

/// <summary>A function that a component exports.</summary>
/// <param name="Interface">The name of the interface that it stands in, or <see langword="null"/>.</param>
/// <param name="Name">Its name, such as <c>greet</c>.</param>
/// <param name="Type">Its type.</param>
public sealed record ExportedFunction(string? Interface, string Name, FuncType Type)
{
    private const int Shown = 5;

    /// <summary>Such as <c>demo:greet/ops#greet</c>.</summary>
    public string FullName => Interface is null ? Name : $"{Interface}#{Name}";

    /// <summary>How it is called: <c>demo:greet/ops#greet(name)</c>.</summary>
    public string Call => $"{FullName}({string.Join(", ", Type.Parameters.Select(parameter => parameter.Label))})";

    /// <summary>All functions that a component exports, in order.</summary>
    public static IReadOnlyList<ExportedFunction> All(ComponentType component)
    {
        var functions = new List<ExportedFunction>();
        foreach (NamedExtern export in component.Exports)
        {
            if (export.Type is FuncExtern own) functions.Add(new ExportedFunction(null, export.Name, own.Func));
            if (export.Type is not InstanceExtern instance) continue;
            foreach (NamedExtern inner in instance.Instance.Exports)
            {
                if (inner.Type is FuncExtern func) functions.Add(new ExportedFunction(export.Name, inner.Name, func.Func));
            }
        }

        return functions;
    }

    /// <summary>
    /// The function that is meant: by its full name, or with as little of the interface's name as tells it from the others: without a version or
    /// with a compatible one, without namespace and package, or not at all.
    /// </summary>
    /// <param name="owner">What errors call the component.</param>
    /// <param name="functions">What it exports.</param>
    /// <param name="wanted">The name, without arguments.</param>
    /// <exception cref="KeyNotFoundException">None is, or several are.</exception>
    public static ExportedFunction Find(string owner, IReadOnlyList<ExportedFunction> functions, string wanted)
    {
        if (functions.FirstOrDefault(one => one.FullName == wanted) is { } exact) return exact;
        int hash = wanted.LastIndexOf('#');
        string name = wanted[(hash + 1)..];
        string? place = hash < 0 ? null : wanted[..hash];
        ExportedFunction[] named = [.. functions.Where(one => one.Name == name && (place is null || IsPlace(one.Interface, place)))];
        ExportedFunction[] fitting = [.. named.Where(one => place is null || HasVersion(one.Interface!, place))];
        if (fitting.Length == 1) return fitting[0];
        if (fitting.Length > 1) throw new KeyNotFoundException($"{owner} exports several functions '{wanted}': {List(fitting)}; say which");
        if (named.Length > 0)
            throw new KeyNotFoundException($"{owner} exports {List(named)}, which does not fit the version asked for in '{wanted}'");
        string hint = functions.Count == 0 ? "; it exports no functions" : NearNames.Hint(wanted, [.. functions.Select(one => Shorten(one, place))]);
        throw new KeyNotFoundException($"{owner} exports no function '{wanted}'{hint}");
    }

    private static string List(ExportedFunction[] functions) =>
        string.Join(", ", functions.Take(Shown).Select(one => one.FullName)) + (functions.Length > Shown ? $" and {functions.Length - Shown} more" : "");

    // Names are compared in the form in which the wanted one was given.
    private static string Shorten(ExportedFunction function, string? place)
    {
        if (function.Interface is not { } full || place is null) return function.Name;
        string name = place.Contains('@') ? full : InterfaceVersions.WithoutVersion(full);
        return $"{(place.Contains(':') ? name : place.Contains('/') ? name[(name.IndexOf(':') + 1)..] : name[(name.LastIndexOf('/') + 1)..])}#{function.Name}";
    }

    private static bool IsPlace(string? full, string place)
    {
        if (full is null) return false;
        string path = InterfaceVersions.WithoutVersion(full);
        string wanted = InterfaceVersions.WithoutVersion(place);
        return path == wanted || path.EndsWith('/' + wanted, StringComparison.Ordinal) || path.EndsWith(':' + wanted, StringComparison.Ordinal);
    }

    private static bool HasVersion(string full, string place)
    {
        int at = place.IndexOf('@');
        if (at < 0) return true;
        string path = InterfaceVersions.WithoutVersion(full);
        return InterfaceVersions.CanonicalName(full) == InterfaceVersions.CanonicalName(path + place[at..]);
    }
}
