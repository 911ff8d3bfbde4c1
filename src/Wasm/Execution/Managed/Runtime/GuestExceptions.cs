namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>The exception instructions (core specification, "Exception Instances").</summary>
internal static class GuestExceptions
{
    // The CLR's exception object with its trace, roughly; each value more.
    private const int ExceptionBytes = 1024, ValueBytes = 40;

    public static Exception Make(ManagedInstance instance, int tag, Value[] payload)
    {
        var exception = new WasmGuestException(instance.Tags[tag], payload);
        instance.OwnStore.Heap.Count(exception, ExceptionBytes + (payload.Length * ValueBytes));
        return exception;
    }

    public static int HasTag(WasmGuestException exception, ManagedInstance instance, int tag) =>
        ReferenceEquals(exception.Tag, instance.Tags[tag]) ? 1 : 0;

    public static Value ValueAt(WasmGuestException exception, int index) => exception.Values[index];
}
