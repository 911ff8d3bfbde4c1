using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>The beginnings and ends of calls, for generated code.</summary>
internal static class AdapterRuntime
{
    /// <summary>A guest calls the host.</summary>
    public static void BeginHostCall(LoweredFunction function)
    {
        function.Caller.Instance.CheckMayLeave();
        function.Caller.BeginLifting();
    }

    /// <summary>A guest calls another.</summary>
    public static void BeginGuestCall(LoweredFunction function, LiftedFunction? callee)
    {
        InstanceState caller = function.Caller.Instance;
        caller.CheckMayLeave();
        if (callee is null) throw new ComponentTrapException($"no component answers {function.Callee.Describe()}");
        callee.Instance.EnterFromGuest(caller);
    }

    // The function may be linked with another callee by now.
    public static void EndGuestCall(LoweredFunction function, LiftedFunction callee) => callee.Instance.LeaveTo(function.Caller.Instance);

    /// <summary>The host calls a guest.</summary>
    public static void BeginExportCall(LiftedFunction function)
    {
        function.Instance.EnterFrom(null);
        function.Context.BeginLifting();
    }

    /// <summary>
    /// Ends a call of the host's whose arguments could not be lowered. Where that was the host's own mistake, nothing of the guest's has run but its
    /// allocator, and it can be called again.
    /// </summary>
    public static void LoweringFailed(LiftedFunction function, Exception error)
    {
        if (error is not WasmException) EndExportCall(function);
    }

    public static void EndExportCall(LiftedFunction function) => function.Instance.LeaveTo(null);

    /// <summary>Shows that an observed call has returned a result which could be lifted; the guest still has it.</summary>
    public static void ObservedCallReturned(LiftedFunction function) => function.Observed!.EndReturned();

    /// <summary>Shows that an observed call has returned something that is no result.</summary>
    public static void ObservedCallFailed(LiftedFunction function, Exception error) => function.Observed?.EndFailed(error);

    /// <summary>Answers whether there is a post-return function, which then runs without being able to call out.</summary>
    public static bool BeginPostReturn(LiftedFunction function)
    {
        if (!function.HasPostReturn) return false;
        function.Instance.MayLeave = false;
        return true;
    }

    public static void EndPostReturn(LiftedFunction function) => function.Instance.MayLeave = true;

    /// <summary>Makes a trap of an exception that leaves a component ("call_and_trap_on_throw").</summary>
    public static void TrapOnThrow(WasmGuestException exception) =>
        throw new ComponentTrapException("an exception left the component", exception);
}
