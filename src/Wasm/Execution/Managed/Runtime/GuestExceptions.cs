namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>The exception instructions (core specification, "Exception Instances").</summary>
internal static class GuestExceptions
{
    public static Exception Make(ManagedInstance instance, int tag, Value[] payload) =>
        new WasmGuestException(instance.Tags[tag], payload);

    public static int HasTag(WasmGuestException exception, ManagedInstance instance, int tag) =>
        ReferenceEquals(exception.Tag, instance.Tags[tag]) ? 1 : 0;

    public static Value ValueAt(WasmGuestException exception, int index) => exception.Values[index];
}
