using System.Diagnostics.CodeAnalysis;
using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>Tests and casts of references (core specification, "Execution / Types" and "Reference Instructions").</summary>
internal static class ReferenceOperations
{
    /// <summary>Whether a reference is of a type whose concrete heap types are ids.</summary>
    public static bool Matches(TypeRegistry types, object? reference, ValueType type)
    {
        if (reference is null) return type.IsNullable;
        return type.Heap.IsConcrete
            ? IsOf(types, reference, (int)type.Heap.Index)
            : IsAbstract(reference, type.Heap.Abstract);
    }

    /// <summary>Checks a reference that the host hands to a guest: compiled code takes its type for granted.</summary>
    /// <exception cref="ArgumentException">It is not of the type, or a function of another store.</exception>
    public static void CheckFromHost(ManagedStore store, object? reference, ValueType type, string what)
    {
        // An extern reference may be anything; but a function comes with a store, which may be disposed of before this one.
        if (reference is ManagedFunction function && function.OwnStore != store)
            throw new ArgumentException($"{what} is a function of another store");
        if (!Matches(store.Engine.Types, reference, type))
            throw new ArgumentException($"{what} must be {type}, it is {reference?.ToString() ?? "null"}");
    }

    /// <summary><c>ref.eq</c>: identity, and equality of unboxed scalars.</summary>
    public static int RefEq(object? left, object? right) =>
        ReferenceEquals(left, right) || (left is I31Object a && right is I31Object b && a.Value == b.Value) ? 1 : 0;

    public static int TestAbstract(object? reference, int heap, int nullable) =>
        reference is null ? nullable : IsAbstract(reference, (AbstractHeapType)heap) ? 1 : 0;

    public static int TestConcrete(object? reference, ManagedInstance instance, int id, int nullable) =>
        reference is null ? nullable : IsOf(instance.OwnStore.Engine.Types, reference, id) ? 1 : 0;

    /// <exception cref="WasmTrapException">The reference is of another type.</exception>
    public static void CheckCast(int matches)
    {
        if (matches == 0) Trap.CastFailure();
    }

    /// <exception cref="WasmTrapException">It is null.</exception>
    public static object AsNonNull(object? reference)
    {
        if (reference is null) Trap.NullReference();
        return reference;
    }

    /// <summary>The slow half of the check of an indirect call: the types are not the same, but one may extend the other.</summary>
    /// <exception cref="WasmTrapException">It does not.</exception>
    public static void CheckSubtype(ManagedFunction function, ManagedInstance instance, int id)
    {
        if (!instance.OwnStore.Engine.Types.IsSubtype(function.TypeId, id))
            throw new WasmTrapException(TrapKind.IndirectCallTypeMismatch);
    }

    public static object RefI31(int value, ManagedInstance instance)
    {
        var boxed = new I31Object(value);
        instance.OwnStore.Heap.Count(boxed, 24);
        return boxed;
    }

    public static int I31GetS(object? reference)
    {
        if (reference is null) throw new WasmTrapException(TrapKind.NullI31Reference);
        return ((I31Object)reference).Value << 1 >> 1;
    }

    public static int I31GetU(object? reference)
    {
        if (reference is null) throw new WasmTrapException(TrapKind.NullI31Reference);
        return ((I31Object)reference).Value;
    }

    /// <summary>The exception of <c>throw_ref</c>.</summary>
    public static WasmGuestException Thrown(object? exception) =>
        exception as WasmGuestException ?? throw new WasmTrapException(TrapKind.NullExceptionReference);

    private static bool IsOf(TypeRegistry types, object reference, int id) => reference switch
    {
        ManagedFunction function => types.IsSubtype(function.TypeId, id),
        StructureObject structure => types.IsSubtype(structure.Type.Id, id),
        ArrayObject array => types.IsSubtype(array.Type.Id, id),
        _ => false,
    };

    private static bool IsAbstract(object reference, AbstractHeapType type) => type switch
    {
        AbstractHeapType.Func => reference is ManagedFunction,
        AbstractHeapType.Exn => reference is WasmGuestException,
        AbstractHeapType.I31 => reference is I31Object,
        AbstractHeapType.Struct => reference is StructureObject,
        AbstractHeapType.Array => reference is ArrayObject,
        AbstractHeapType.Eq => reference is I31Object or StructureObject or ArrayObject,
        // A host's reference that was turned into an any, and the other way about, is the same object.
        AbstractHeapType.Any or AbstractHeapType.Extern => true,
        _ => false,
    };
}
