using Chain.Silo.Applications.Manifest;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Applications.Resolution;

/// <summary>The functions of components by the names that people write.</summary>
/// <param name="issues">Where errors go.</param>
internal sealed class ExportedFunctions(IssueList issues)
{
    /// <summary>The function that a text such as <c>clinic:records/store#get</c> means; <see langword="null"/> after an error.</summary>
    public (RuleFunction Function, FuncType Type)? Find(ResolvedComponent component, Placed<string> written)
    {
        int hash = written.Value.LastIndexOf('#');
        string path = hash < 0 ? "" : written.Value[..hash];
        string name = written.Value[(hash + 1)..];
        IReadOnlyList<NamedExtern> exports = hash < 0 ? ExternNames.Find(component.Exports, name) : ExternNames.Find(component.Exports, path);
        if (exports.Count > 1)
        {
            issues.Error(written.Place, $"component '{component.Name}' exports '{path}' in several versions: {Known.List([.. exports.Select(e => e.Name)])}; say which");
            return null;
        }

        switch (exports)
        {
            case [{ Type: FuncExtern { Func: var own } }] when hash < 0:
                return (new RuleFunction(component.Name, "", name), own);
            case [{ Type: InstanceExtern { Instance: var instance } } export] when hash >= 0 && instance.Find(name) is FuncExtern { Func: var func }:
                return (new RuleFunction(component.Name, export.Name, name), func);
        }

        IEnumerable<string> known = Of(component).Select(static one => one.Function.Reference.Name);
        issues.Error(written.Place, $"component '{component.Name}' exports no function '{written.Value}'{Known.Hint(written.Value, known, "it exports none")}");
        return null;
    }

    /// <summary>All functions that a component exports, by themselves or in interfaces.</summary>
    public static IEnumerable<(RuleFunction Function, FuncType Type)> Of(ResolvedComponent component)
    {
        foreach (NamedExtern export in component.Exports)
        {
            if (export.Type is FuncExtern own) yield return (new RuleFunction(component.Name, "", export.Name), own.Func);
            if (export.Type is not InstanceExtern { Instance: var instance }) continue;
            foreach (NamedExtern member in instance.Exports)
            {
                if (member.Type is FuncExtern function) yield return (new RuleFunction(component.Name, export.Name, member.Name), function.Func);
            }
        }
    }
}
