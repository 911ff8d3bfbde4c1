using Chain.Wasm.Binary;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution;

/// <summary>Something that an instance can export and another can import. It belongs to one <see cref="Store"/>.</summary>
public abstract class External
{
    public abstract ExternalKind Kind { get; }

    /// <summary>The type in words, for messages.</summary>
    public abstract string Describe();
}

/// <summary>A function of an instance or of the host. As a reference value it is itself.</summary>
public abstract class Function : External
{
    public sealed override ExternalKind Kind => ExternalKind.Function;

    /// <summary>Parameters and results; concrete heap types in it are ids of the engine's <see cref="TypeRegistry"/>.</summary>
    public abstract FunctionType Type { get; }

    /// <summary>Calls it. For tools: it builds a <see cref="Value"/> for everything that goes in and out.</summary>
    /// <exception cref="ArgumentException">The number or the kinds of the arguments are not those of <see cref="Type"/>.</exception>
    /// <exception cref="WasmTrapException">The guest trapped or reached a limit.</exception>
    /// <exception cref="WasmGuestException">The guest threw an exception that no guest caught.</exception>
    /// <exception cref="WasmLimitException">A function that was called for the first time is too large to compile.</exception>
    /// <exception cref="InvalidOperationException">Another thread is in a call of the same store.</exception>
    public abstract Value[] Invoke(params ReadOnlySpan<Value> arguments);

    /// <summary>
    /// A delegate that calls it without boxing. Its parameters are <c>int long float double Vector128&lt;byte&gt; object</c> as
    /// <see cref="Type"/> has them (the unsigned integers will do too), its result is the first result; further results are in
    /// <see cref="Store.ExtraResults"/> until the next call.
    /// </summary>
    /// <exception cref="ArgumentException">The delegate's signature is another.</exception>
    public TDelegate CreateDelegate<TDelegate>() where TDelegate : Delegate => (TDelegate)CreateDelegate(typeof(TDelegate));

    /// <inheritdoc cref="CreateDelegate{TDelegate}"/>
    public abstract Delegate CreateDelegate(Type delegateType);

    public override string Describe() => $"function {Type}";
}

/// <summary>A linear memory.</summary>
public abstract class LinearMemory : External
{
    public sealed override ExternalKind Kind => ExternalKind.Memory;

    /// <summary>The type, with the present size as its minimum.</summary>
    public abstract MemoryType Type { get; }

    /// <summary>The present size in bytes.</summary>
    public abstract long ByteLength { get; }

    /// <summary>
    /// The bytes from an address on, at most 2 GiB of them. Stays valid until the memory's store is disposed of, but not for what grows.
    /// </summary>
    /// <exception cref="WasmTrapException">The range is not inside the memory.</exception>
    public abstract Span<byte> Slice(ulong address, ulong length);

    /// <summary>Grows by a number of pages; answers the old size in pages, or -1 where a limit forbids it.</summary>
    public abstract long Grow(ulong pages);

    public override string Describe() => Type.ToString();
}

/// <summary>A table of references.</summary>
public abstract class ReferenceTable : External
{
    public sealed override ExternalKind Kind => ExternalKind.Table;

    public abstract TableType Type { get; }

    /// <summary>The present number of elements.</summary>
    public abstract long Count { get; }

    /// <exception cref="WasmTrapException">The index is not inside the table.</exception>
    public abstract object? this[ulong index] { get; set; }

    /// <summary>Grows by a number of elements; answers the old count, or -1 where a limit forbids it.</summary>
    public abstract long Grow(ulong elements, object? value);

    public override string Describe() => Type.ToString();
}

/// <summary>A global.</summary>
public abstract class GlobalVariable : External
{
    public sealed override ExternalKind Kind => ExternalKind.Global;

    public abstract GlobalType Type { get; }

    /// <exception cref="InvalidOperationException">Set, and the global is immutable.</exception>
    public abstract Value Value { get; set; }

    public override string Describe() => $"global {Type}";
}

/// <summary>An exception tag; two are the same only if they are the same object.</summary>
public abstract class ExceptionTag : External
{
    public sealed override ExternalKind Kind => ExternalKind.Tag;

    /// <summary>The types of the values that an exception with this tag carries, as parameters.</summary>
    public abstract FunctionType Type { get; }

    public override string Describe() => $"tag {Type}";
}
