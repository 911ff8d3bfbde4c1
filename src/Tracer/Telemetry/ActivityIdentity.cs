using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Chain.Tracer.Telemetry;

/// <summary>Gives an <see cref="Activity"/> the trace and span id that the call has already.</summary>
/// <remarks>
/// The SDK exports activities only, and an activity makes up its own span id when it starts; there is no public way to hand it one
/// (dotnet/runtime
/// keeps it in the private fields named here). docs/decisions says why this is done all the same. A runtime without these fields fails at
/// the first export with a clear error, and the tests against a real receiver would say so first.
/// </remarks>
internal static class ActivityIdentity
{
    public static void SetTrace(Activity activity, string trace) => TraceField(activity) = trace;

    public static void SetSpan(Activity activity, string span) => SpanField(activity) = span;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_traceId")]
    private static extern ref string? TraceField(Activity activity);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? SpanField(Activity activity);
}
