using System.Runtime.InteropServices;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>
/// Gives equal type definitions one id across modules: two recursive groups are equal where their members are, with references
/// inside the group counted from its start (core specification, "Validation / Types": rolling and equivalence of recursive types).
/// One serves all modules that may link with one another. Safe for any thread.
/// </summary>
public sealed class TypeRegistry
{
    // A value type keeps 24 bits for an index.
    private const int Capacity = 0x7FFFFF;

    // In the key of a group: a reference to a member of the group itself.
    private const int InsideGroup = int.MinValue;

    private readonly Lock gate = new();
    private readonly Dictionary<int[], int> groups = new(new KeyComparer());
    private readonly List<int> key = [];
    private CanonicalType[] types = new CanonicalType[64];
    private int count;

    /// <summary>The ids of all types of a valid module, by type index.</summary>
    internal int[] Intern(Module module)
    {
        var ids = new int[module.Types.Length];
        foreach (RecursiveGroup group in module.TypeGroups) InternGroup(module, group, ids);
        return ids;
    }

    /// <summary>
    /// Notes the ids of a group in <paramref name="ids"/>, by type index; those of the types before the group stand there already.
    /// The group's indices must be in range and its supertypes must stand before their subtypes.
    /// </summary>
    /// <exception cref="InvalidModuleException">The registry is full.</exception>
    internal void InternGroup(Module module, RecursiveGroup group, int[] ids)
    {
        if (group.Types.Length == 0) return;
        int first = InternTypes(group.Types, group.FirstIndex, ids);
        if (first < 0)
        {
            long offset = group.Types[0].Offset;
            throw new InvalidModuleException(
                $"invalid module {module.DisplayName} at 0x{offset:x}: too many types, expected at most {Capacity} in an engine",
                offset);
        }

        for (int i = 0; i < group.Types.Length; i++) ids[(int)group.FirstIndex + i] = first + i;
    }

    /// <summary>The id of a final function type without supertypes, whose type indices are ids.</summary>
    /// <exception cref="InvalidOperationException">The registry is full.</exception>
    internal int InternFunction(FunctionType type)
    {
        int id = InternTypes([new SubType(true, [], type, true, -1)], uint.MaxValue, null);
        return id >= 0 ? id : throw new InvalidOperationException($"more than {Capacity} types in one engine");
    }

    /// <param name="members">The group.</param>
    /// <param name="firstIndex">The index that means the first member; those below it are looked up in <paramref name="ids"/>.</param>
    /// <param name="ids">The ids of the types before the group; <see langword="null"/> where the indices are ids themselves.</param>
    /// <returns>The id of the first member, the others follow; -1 where the registry is full.</returns>
    internal int InternTypes(SubType[] members, uint firstIndex, int[]? ids)
    {
        lock (gate)
        {
            key.Clear();
            foreach (SubType type in members) AddToKey(type, firstIndex, ids);
            ReadOnlySpan<int> span = CollectionsMarshal.AsSpan(key);
            if (groups.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(span, out int known)) return known;
            if (members.Length > Capacity - count) return -1;
            int first = count;
            Grow(count + members.Length);
            var map = new IndexMap(firstIndex, first, ids);
            for (int i = 0; i < members.Length; i++) types[first + i] = Define(first + i, members[i], map);
            groups.Add(span.ToArray(), first);
            count += members.Length;
            return first;
        }
    }

    /// <summary>The type of an id that this registry gave.</summary>
    internal CanonicalType Get(int id) => Volatile.Read(ref types)[id];

    /// <summary>Whether one type is the other or extends it, at any distance.</summary>
    internal bool IsSubtype(int sub, int super)
    {
        if (sub == super) return true;
        int depth = Get(super).Depth;
        int[] display = Get(sub).Supertypes;
        return depth < display.Length && display[depth] == super;
    }

    /// <summary>The type with ids in place of a module's type indices.</summary>
    internal ValueType Canonicalize(ValueType type, int[] ids) =>
        type.IsRef && type.Heap.IsConcrete ? ValueType.Ref(HeapType.OfIndex((uint)ids[(int)type.Heap.Index]), type.IsNullable) : type;

    /// <summary>Whether a value of one type may stand where the other is expected; type indices are ids.</summary>
    internal bool Matches(ValueType sub, ValueType super)
    {
        if (sub == super || sub.IsBottom) return true;
        if (!sub.IsRef || !super.IsRef || (sub.IsNullable && !super.IsNullable)) return false;
        return Matches(sub.Heap, super.Heap);
    }

    /// <summary>Heap type matching (core specification, "Validation / Matching / Heap Types"); type indices are ids.</summary>
    internal bool Matches(HeapType sub, HeapType super)
    {
        if (sub == super || sub.IsBottom) return true;
        if (super.IsBottom) return false;
        if (sub.IsConcrete)
        {
            if (super.IsConcrete) return IsSubtype((int)sub.Index, (int)super.Index);
            return Matches(KindOf(sub), super.Abstract);
        }

        if (!super.IsConcrete) return Matches(sub.Abstract, super.Abstract);
        return sub.Abstract == (KindOf(super) == AbstractHeapType.Func ? AbstractHeapType.NoFunc : AbstractHeapType.None);
    }

    /// <summary>The abstract type right above a defined one: func, struct or array.</summary>
    internal AbstractHeapType KindOf(HeapType concrete) => Get((int)concrete.Index).Composite switch
    {
        FunctionType => AbstractHeapType.Func,
        StructType => AbstractHeapType.Struct,
        _ => AbstractHeapType.Array,
    };

    private static bool Matches(AbstractHeapType sub, AbstractHeapType super) => sub == super || super switch
    {
        AbstractHeapType.Any => sub is AbstractHeapType.Eq or AbstractHeapType.I31 or AbstractHeapType.Struct or AbstractHeapType.Array
            or AbstractHeapType.None,
        AbstractHeapType.Eq => sub is AbstractHeapType.I31 or AbstractHeapType.Struct or AbstractHeapType.Array or AbstractHeapType.None,
        AbstractHeapType.I31 or AbstractHeapType.Struct or AbstractHeapType.Array => sub == AbstractHeapType.None,
        AbstractHeapType.Func => sub == AbstractHeapType.NoFunc,
        AbstractHeapType.Extern => sub == AbstractHeapType.NoExtern,
        AbstractHeapType.Exn => sub == AbstractHeapType.NoExn,
        _ => false,
    };

    private void Grow(int needed)
    {
        if (needed <= types.Length) return;
        // Readers without the lock go on with the old array, which has every id they know.
        var grown = new CanonicalType[Math.Max(needed, types.Length * 2)];
        Array.Copy(types, grown, count);
        Volatile.Write(ref types, grown);
    }

    private CanonicalType Define(int id, SubType type, IndexMap map)
    {
        int[] above = type.Supertypes.Length > 0 ? types[map.IdOf(type.Supertypes[0])].Supertypes : [];
        return new CanonicalType(id, map.Apply(type.Composite), type.Final, [.. above, id]);
    }

    private void AddToKey(SubType type, uint firstIndex, int[]? ids)
    {
        key.Add(type.Final ? 1 : 0);
        key.Add(type.Supertypes.Length > 0 ? KeyOf(HeapType.OfIndex(type.Supertypes[0]), firstIndex, ids) : -1);
        switch (type.Composite)
        {
            case FunctionType function:
                key.Add(0);
                key.Add(function.Parameters.Length);
                key.Add(function.Results.Length);
                foreach (ValueType parameter in function.Parameters) AddToKey(parameter, 0, firstIndex, ids);
                foreach (ValueType result in function.Results) AddToKey(result, 0, firstIndex, ids);
                break;
            case StructType structure:
                key.Add(1);
                key.Add(structure.Fields.Length);
                foreach (FieldType field in structure.Fields) AddToKey(field.Storage, field.Mutable ? 2 : 0, firstIndex, ids);
                break;
            case ArrayType array:
                key.Add(2);
                AddToKey(array.Element.Storage, array.Element.Mutable ? 2 : 0, firstIndex, ids);
                break;
        }
    }

    private void AddToKey(ValueType type, int flags, uint firstIndex, int[]? ids)
    {
        key.Add(((int)type.Kind << 2) | flags | (type.IsNullable ? 1 : 0));
        if (type.IsRef) key.Add(KeyOf(type.Heap, firstIndex, ids));
    }

    private static int KeyOf(HeapType heap, uint firstIndex, int[]? ids)
    {
        if (!heap.IsConcrete) return heap.Value;
        if (heap.Index >= firstIndex) return InsideGroup + (int)(heap.Index - firstIndex);
        return ids is null ? (int)heap.Index : ids[(int)heap.Index];
    }

    /// <summary>Puts ids in place of type indices.</summary>
    private readonly record struct IndexMap(uint FirstIndex, int FirstId, int[]? Ids)
    {
        public int IdOf(uint index)
        {
            if (index >= FirstIndex) return FirstId + (int)(index - FirstIndex);
            return Ids is null ? (int)index : Ids[(int)index];
        }

        public CompositeType Apply(CompositeType type)
        {
            switch (type)
            {
                case FunctionType function:
                    return new FunctionType(Apply(function.Parameters), Apply(function.Results));
                case StructType structure:
                    var fields = new FieldType[structure.Fields.Length];
                    for (int i = 0; i < fields.Length; i++) fields[i] = Apply(structure.Fields[i]);
                    return new StructType(fields);
                case ArrayType array:
                    return new ArrayType(Apply(array.Element));
                default:
                    throw new InvalidOperationException($"no canonical form for {type}");
            }
        }

        private FieldType Apply(FieldType field) => field with { Storage = Apply(field.Storage) };

        private ValueType[] Apply(ValueType[] list)
        {
            var result = new ValueType[list.Length];
            for (int i = 0; i < result.Length; i++) result[i] = Apply(list[i]);
            return result;
        }

        private ValueType Apply(ValueType type) =>
            type.IsRef && type.Heap.IsConcrete
                ? ValueType.Ref(HeapType.OfIndex((uint)IdOf(type.Heap.Index)), type.IsNullable)
                : type;
    }

    private sealed class KeyComparer : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<int> alternate, int[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<int> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(alternate));
            return hash.ToHashCode();
        }

        public int[] Create(ReadOnlySpan<int> alternate) => alternate.ToArray();
    }
}
