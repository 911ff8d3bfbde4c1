using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>A table: an array that compiled code indexes itself. Its length is always the table's size.</summary>
internal sealed class ManagedTable : ReferenceTable
{
    private readonly ManagedStore store;
    private readonly TableType type;

    /// <exception cref="WasmLimitException">It is larger than the store allows.</exception>
    public ManagedTable(ManagedStore store, TableType type, object? initial)
    {
        this.store = store;
        this.type = type;
        if (type.Limits.Minimum > (ulong)store.Limits.TableElements || !store.TryTakeElements((long)type.Limits.Minimum))
        {
            throw new WasmLimitException(
                $"a table of {type.Limits.Minimum} elements is over the store's limit of {store.Limits.TableElements}");
        }

        Elements = new object?[type.Limits.Minimum];
        if (initial is not null)
        {
            ReferenceOperations.CheckFromHost(store, initial, type.Element, "the element");
            Array.Fill(Elements, initial);
        }
    }

    /// <summary>The elements; replaced when the table grows.</summary>
    public object?[] Elements;

    public override TableType Type => type with { Limits = type.Limits with { Minimum = (ulong)Elements.Length } };

    public override long Count => Elements.Length;

    public override object? this[ulong index]
    {
        get
        {
            object?[] elements = Elements;
            return index < (ulong)elements.Length ? elements[index] : throw new WasmTrapException(TrapKind.TableOutOfBounds);
        }

        set
        {
            ReferenceOperations.CheckFromHost(store, value, type.Element, "the element");
            Set(index, value);
        }
    }

    /// <summary>The store it belongs to.</summary>
    public ManagedStore Store => store;

    /// <summary>Sets an element to a value that is known to be of the type.</summary>
    /// <exception cref="WasmTrapException">The index is not inside the table.</exception>
    public void Set(ulong index, object? value)
    {
        object?[] elements = Elements;
        if (index >= (ulong)elements.Length) throw new WasmTrapException(TrapKind.TableOutOfBounds);
        elements[index] = value;
    }

    public override long Grow(ulong elements, object? value)
    {
        ReferenceOperations.CheckFromHost(store, value, type.Element, "the element");
        return GrowBy(elements, value);
    }

    /// <summary>Grows with a value that is known to be of the type.</summary>
    public long GrowBy(ulong elements, object? value)
    {
        int old = Elements.Length;
        if (elements == 0) return old;
        ulong limit = Math.Min(type.Limits.Maximum ?? ulong.MaxValue, (ulong)Array.MaxLength);
        if (elements > limit - (ulong)old || !store.TryTakeElements((long)elements)) return -1;
        var grown = new object?[old + (int)elements];
        Elements.CopyTo(grown, 0);
        if (value is not null) Array.Fill(grown, value, old, (int)elements);
        Elements = grown;
        return old;
    }

    /// <summary>Makes it as it was when it was new.</summary>
    public void Reset(object? initial)
    {
        if ((ulong)Elements.Length != type.Limits.Minimum)
        {
            store.ReturnElements(Elements.Length - (long)type.Limits.Minimum);
            Elements = new object?[type.Limits.Minimum];
        }

        Array.Fill(Elements, initial);
    }
}
