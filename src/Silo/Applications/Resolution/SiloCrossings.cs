using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Applications.Resolution;

/// <summary>
/// Warns of calls that may have to go from one silo of a cluster to another and cannot, because of what their arguments and results are. A single node
/// makes them all.
/// </summary>
internal static class SiloCrossings
{
    public static void Check(ApplicationPlan plan, IReadOnlyDictionary<string, ResolvedComponent> components, IssueList issues)
    {
        foreach (ApplicationLink link in plan.Links)
        {
            ComponentPlan callee = plan.Components[link.To];
            if (WhyElsewhere(callee) is not { } reason) continue;
            string[] bound = [.. Linked(components[link.To], link).Where(static one => !ValueCodec.CanCross(one.Type)).Select(static one => $"'{one.Function.Reference.Name}'")];
            if (bound.Length == 0) continue;
            issues.Warning(
                components[link.From].Written.Name.Place,
                $"component '{link.From}' calls {Known.List(bound)} of '{link.To}', which {reason}; resources, streams and futures cannot go from one silo to "
                + $"another, so on a cluster such a call fails unless '{link.To}' answers on the caller's silo");
        }
    }

    private static string? WhyElsewhere(ComponentPlan component)
    {
        if (component.Instances == InstanceMode.Stateful) return "is stateful";
        return component.Placement.Count == 0 ? null : $"runs where {string.Join(" and ", component.Placement.Select(static label => $"{label.Key}={label.Value}"))} only";
    }

    private static IEnumerable<(RuleFunction Function, FuncType Type)> Linked(ResolvedComponent callee, ApplicationLink link) =>
        ExportedFunctions.Of(callee).Where(one => link.Functions.Count == 0
            ? one.Function.Export.Length == 0 && one.Function.Name == link.Export
            : one.Function.Export == link.Export && link.Functions.Contains(one.Function.Name));
}
