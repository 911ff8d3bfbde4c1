using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>A global. Numbers and vectors stand in 16 native bytes of the owning instance; references in the object.</summary>
internal sealed unsafe class ManagedGlobal : GlobalVariable
{
    // Keeps the instance, and with it the native bytes, alive; a host's global owns its bytes itself.
    private readonly object? owner;

    /// <param name="store">The store it belongs to.</param>
    /// <param name="type">The type; concrete heap types are ids.</param>
    /// <param name="owner">The instance in whose block <paramref name="address"/> is, or none for a global of its own.</param>
    /// <param name="address">The 16 bytes; zero for a global of its own.</param>
    public ManagedGlobal(ManagedStore store, GlobalType type, object? owner, nint address)
    {
        Store = store;
        this.owner = owner;
        Type = type;
        Address = address != 0 ? address : (nint)NativeMemory.AllocZeroed(16);
        if (owner is not null) GC.SuppressFinalize(this);
    }

    /// <summary>The store it belongs to.</summary>
    public ManagedStore Store { get; }

    public override GlobalType Type { get; }

    /// <summary>Where a number or a vector stands.</summary>
    public nint Address { get; }

    /// <summary>The value of a global of reference type.</summary>
    public object? Reference;

    public override Value Value
    {
        get => Type.Value.Kind switch
        {
            ValueKind.I32 => Execution.Value.FromI32(*(int*)Address),
            ValueKind.I64 => Execution.Value.FromI64(*(long*)Address),
            ValueKind.F32 => Execution.Value.FromF32(*(float*)Address),
            ValueKind.F64 => Execution.Value.FromF64(*(double*)Address),
            ValueKind.V128 => Execution.Value.FromV128(*(Vector128<byte>*)Address),
            _ => Execution.Value.FromReference(Reference),
        };
        set
        {
            if (!Type.Mutable) throw new InvalidOperationException("the global is immutable");
            Initialize(value);
        }
    }

    /// <summary>Sets the value, of an immutable global too.</summary>
    /// <exception cref="ArgumentException">The value is not of its type.</exception>
    public void Initialize(Value value)
    {
        if (value.Kind != Type.Value.Kind) throw new ArgumentException($"the global has type {Type.Value}, the value has not: {value}");
        if (value.Kind == ValueKind.Ref)
        {
            ReferenceOperations.CheckFromHost(Store, value.Reference, Type.Value, "the global's value");
            Reference = value.Reference;
        }
        else if (value.Kind == ValueKind.V128) *(Vector128<byte>*)Address = value.V128;
        else *(ulong*)Address = value.Bits;
        GC.KeepAlive(owner);
    }

    ~ManagedGlobal() => NativeMemory.Free((void*)Address);
}

/// <summary>An exception tag.</summary>
internal sealed class ManagedTag(FunctionType type, int typeId) : ExceptionTag
{
    public override FunctionType Type { get; } = type;

    /// <summary>The registry's id of its type.</summary>
    public int TypeId { get; } = typeId;
}
