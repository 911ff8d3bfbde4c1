using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;

namespace Chain.Cli.Lineage;

/// <summary>A way that data took, in words.</summary>
internal static class PathWords
{
    public static string Source(LineagePath path) => $"{What(path, path.Values[0])}{When(path, path.Values[0])}";

    public static string Step(LineagePath path, LineageEdge edge)
    {
        string label = edge.Label.Tags.IsEmpty ? "" : $" [{CallText.Label(edge.Label)}]";
        return edge.Kind switch
        {
            EdgeKind.Argument => $"was passed as argument to {Who(path, edge.To)}{label}{When(path, edge.To)}",
            EdgeKind.Result => $"came back as result to {Who(path, edge.To)}, which may have given it on{label}",
            EdgeKind.Inside => $"passed through it into what it gave{label}",
            EdgeKind.Sibling => $"was given on by {Caller(path, edge)}, as may be, to {Who(path, edge.To)}{label}{When(path, edge.To)}",
            EdgeKind.State => $"was read by {Who(path, edge.To)} from {State(edge)}{label}{When(path, edge.To)}",
            _ => $"flowed {(edge.To.Side == ValueSide.In ? "to" : "into the result of")} {Who(path, edge.To)}{label}{When(path, edge.To)}",
        };
    }

    private static string What(LineagePath path, CallValue value) => $"{(value.Side == ValueSide.In ? "what was received by" : "what was given by")} {Who(path, value)}";

    private static string Who(LineagePath path, CallValue value) =>
        path.Calls.TryGetValue(value.Call, out CallInfo? call) ? $"{CallText.Function(call)} ({value.Call}{Where(call)})" : $"call {value.Call}, which is not in the store";

    private static string Where(CallInfo call) => CallText.Place(call) is { Length: > 0 } place ? $", {place}" : "";

    private static string When(LineagePath path, CallValue value) => path.Calls.ContainsKey(value.Call) ? $" at {CallText.Time(value.Call.Start)}" : "";

    private static string Caller(LineagePath path, LineageEdge edge) =>
        path.Calls.TryGetValue(edge.To.Call, out CallInfo? call) ? CallText.Short(call.Shape.Caller.Name, 60) : "their caller";

    private static string State(LineageEdge edge) =>
        $"state key '{CallText.Short(edge.State!.Value.Key, 60)}' of {CallText.Short(edge.State.Value.Component, 60)} ({CallText.Short(edge.State.Value.Store, 40)}), where the former had written it";
}
