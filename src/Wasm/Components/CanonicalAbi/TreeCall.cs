using Chain.Wasm.Binary;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>Calls with values as trees, for tools and tests.</summary>
internal static class TreeCall
{
    /// <summary>The host calls an export (Canonical ABI, <c>canon lift</c>).</summary>
    public static ComponentValue? Invoke(LiftedFunction function, ReadOnlySpan<ComponentValue> arguments)
    {
        FunctionShape shape = function.Shape;
        if (arguments.Length != shape.Type.Parameters.Count)
            throw new ArgumentException($"the function takes {shape.Type.Parameters.Count} arguments, {arguments.Length} were given");
        CallScope? scope = shape.HasBorrow ? new CallScope() : null;
        AdapterRuntime.BeginExportCall(function);
        List<ulong> flat;
        try
        {
            flat = new TreeLowerer(function.Context, shape, function.Resources, scope).LowerAll(arguments, shape.FlatParameters, shape.ParameterTuple);
        }
        catch (Exception error)
        {
            AdapterRuntime.LoweringFailed(function, error);
            throw;
        }

        Value[] results = CallCore(function, ToValues(shape.LiftedType.Parameters, flat));
        scope?.CheckReturned();
        ComponentValue? result = null;
        if (shape.Type.Result is { } type)
        {
            var lifter = new TreeLifter(function.Context, shape, function.Resources, new HandleLifting(scope));
            result = lifter.LiftAll([results[0].Bits], shape.FlatResults, new TupleType([type]))[0];
        }

        function.PostReturn(results);
        AdapterRuntime.EndExportCall(function);
        return result;
    }

    /// <summary>The same, shown to an interceptor.</summary>
    public static ComponentValue? Invoke(LiftedFunction function, ReadOnlySpan<ComponentValue> arguments, CallInterceptor interceptor)
    {
        ComponentValue[] values = arguments.ToArray();
        var call = new ComponentCall(function.Instance.Store, CallDirection.Export, function, "", () => values);
        CallDecision decision = interceptor.OnCall(call);
        switch (decision.What)
        {
            case CallDecision.Kind.Answer:
                interceptor.OnOutcome(call, CallOutcome.Answered, null);
                return (ComponentValue?)decision.Detail;
            case CallDecision.Kind.Refuse:
                var refusal = new CallRefusedException((string)decision.Detail!);
                interceptor.OnOutcome(call, CallOutcome.Refused, refusal);
                throw refusal;
            case CallDecision.Kind.Route: throw new InvalidOperationException("a call of the host's cannot be routed");
        }

        ComponentValue? result;
        try
        {
            result = Invoke(function, arguments);
        }
        catch (Exception error)
        {
            interceptor.OnOutcome(call, CallInterceptor.OutcomeOf(error), error);
            throw;
        }

        call.SetResult(() => result);
        interceptor.OnOutcome(call, CallOutcome.Returned, null);
        return result;
    }

    private static Value[] CallCore(LiftedFunction function, Value[] arguments)
    {
        try
        {
            return function.CoreFunction.Invoke(arguments);
        }
        catch (WasmGuestException exception)
        {
            AdapterRuntime.TrapOnThrow(exception);
            throw;
        }
    }

    private static Value[] ToValues(ValueType[] types, List<ulong> bits)
    {
        var values = new Value[types.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = types[i].Kind switch
            {
                ValueKind.I64 => Value.FromI64((long)bits[i]),
                ValueKind.F32 => Value.FromF32(BitConverter.UInt32BitsToSingle((uint)bits[i])),
                ValueKind.F64 => Value.FromF64(BitConverter.UInt64BitsToDouble(bits[i])),
                _ => Value.FromI32((int)bits[i]),
            };
        }

        return values;
    }
}
