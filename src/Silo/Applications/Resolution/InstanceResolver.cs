using Chain.Silo.Applications.Manifest;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Applications.Resolution;

/// <summary>Finds the parameter that says which instance of a component is meant, and the functions that may run twice.</summary>
/// <param name="issues">Where errors go.</param>
internal sealed class InstanceResolver(IssueList issues)
{
    private readonly ExportedFunctions functions = new(issues);

    /// <summary>The key of a component; <see langword="null"/> where it has none, or after an error.</summary>
    public string? Key(ResolvedComponent component)
    {
        if (component.Written.Key is not { } key) return null;
        var all = ExportedFunctions.Of(component).SelectMany(static one => one.Type.Parameters, static (one, parameter) => (one.Function, Parameter: parameter)).ToArray();
        var named = all.Where(one => one.Parameter.Label == key.Value).ToArray();
        if (named.Length == 0)
        {
            string hint = Known.Hint(key.Value, all.Where(static one => TypePaths.IsText(one.Parameter.Type)).Select(static one => one.Parameter.Label), "none has one that can be a key");
            issues.Error(key.Place, $"no function of component '{component.Name}' has a parameter '{key.Value}'{hint}");
            return null;
        }

        foreach ((RuleFunction function, Parameter parameter) in named)
        {
            if (TypePaths.IsText(parameter.Type)) continue;
            issues.Error(
                key.Place,
                $"parameter '{key.Value}' of '{function.Reference.Name}' is {TypePaths.Describe(parameter.Type)}; a key is a string, an integer, a bool, a char or an enum");
            return null;
        }

        return key.Value;
    }

    public IdempotentFunctions Idempotent(ResolvedComponent component)
    {
        if (component.Written.IsIdempotent) return IdempotentFunctions.All;
        RuleFunction[] found =
        [
            .. component.Written.Idempotent.Select(written => functions.Find(component, written)?.Function).OfType<RuleFunction>().Distinct(),
        ];
        return found.Length == 0 ? IdempotentFunctions.None : new IdempotentFunctions(false, found);
    }
}
