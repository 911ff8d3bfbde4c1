using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Components.Runtime;

/// <summary>The handles of one component instance (Canonical ABI, "Table State" and "Resource State"). Index 0 is never used.</summary>
internal sealed class HandleTable
{
    /// <summary>The most handles at a time; far fewer than the specification's 2^28 - 1, so that a guest cannot fill the host's memory.</summary>
    public const int MaxLength = 1 << 20;

    private Entry[] entries = new Entry[8];
    private int count = 1;
    private int firstFree;

    public int Add(RuntimeResourceType type, Representation representation, bool isOwn, CallScope? scope)
    {
        int index = firstFree;
        if (index != 0)
        {
            firstFree = entries[index].NextFree;
        }
        else
        {
            if (count > MaxLength) throw new ComponentTrapException($"the instance holds more than {MaxLength} handles");
            if (count == entries.Length) Array.Resize(ref entries, count * 2);
            index = count++;
        }

        entries[index] = new Entry { Type = type, Representation = representation, IsOwn = isOwn, Scope = scope };
        return index;
    }

    /// <summary>What a handle of a type stands for.</summary>
    /// <exception cref="ComponentTrapException">There is none, or it is of another type.</exception>
    public Representation Get(int index, RuntimeResourceType type) => At(index, type).Representation;

    /// <summary>Removes an owned handle that is passed on ("lift_own").</summary>
    public Representation RemoveOwn(int index, RuntimeResourceType type)
    {
        ref Entry entry = ref At(index, type);
        if (entry.Lends != 0) throw new ComponentTrapException($"handle {index} ({type.Name}) cannot be passed on while it is borrowed");
        if (!entry.IsOwn) throw new ComponentTrapException($"handle {index} ({type.Name}) is borrowed; expected an owned one");
        Representation representation = entry.Representation;
        Free(index);
        return representation;
    }

    /// <summary>Removes a handle that its holder drops. Answers whether the resource itself ends with it.</summary>
    public bool Remove(int index, RuntimeResourceType type, out Representation representation)
    {
        ref Entry entry = ref At(index, type);
        if (entry.Lends != 0) throw new ComponentTrapException($"handle {index} ({type.Name}) cannot be dropped while it is borrowed");
        representation = entry.Representation;
        bool isOwn = entry.IsOwn;
        if (!isOwn) entry.Scope!.Borrows--;
        Free(index);
        return isOwn;
    }

    /// <summary>What a handle stands for that is lent until a call ends ("lift_borrow").</summary>
    public Representation Lend(int index, RuntimeResourceType type, CallScope scope)
    {
        ref Entry entry = ref At(index, type);
        entry.Lends++;
        scope.AddLender(this, index);
        return entry.Representation;
    }

    /// <summary>Ends what <see cref="Lend"/> began.</summary>
    public void EndLend(int index) => entries[index].Lends--;

    /// <summary>Drops every handle; resources of the host end, those of guests are forgotten with their instances.</summary>
    public void Clear()
    {
        for (int i = 1; i < count; i++)
        {
            if (entries[i] is { IsOwn: true, Type.Implementer: null, Representation.Host: IDisposable resource }) resource.Dispose();
        }

        Array.Clear(entries, 0, count);
        count = 1;
        firstFree = 0;
    }

    private ref Entry At(int index, RuntimeResourceType type)
    {
        if ((uint)index >= (uint)count || entries[index].Type is not { } found) throw new ComponentTrapException($"unknown handle index {(uint)index}");
        if (found != type) throw new ComponentTrapException($"handle index {index} used with the wrong type, expected {type.Name}, found {found.Name}");
        return ref entries[index];
    }

    private void Free(int index)
    {
        entries[index] = new Entry { NextFree = firstFree };
        firstFree = index;
    }

    private struct Entry
    {
        public RuntimeResourceType? Type;
        public Representation Representation;
        public CallScope? Scope;
        public int Lends;
        public int NextFree;
        public bool IsOwn;
    }
}

/// <summary>What borrowed handles hold on to while a call runs: the caller's lends and the callee's borrows.</summary>
internal sealed class CallScope
{
    // Nearly every call that borrows, borrows one.
    private HandleTable? first;
    private int firstIndex;
    private List<(HandleTable Table, int Index)>? others;

    /// <summary>The borrowed handles that the callee holds; they must be gone when it returns.</summary>
    public int Borrows { get; set; }

    public void AddLender(HandleTable table, int index)
    {
        if (first is null) (first, firstIndex) = (table, index);
        else (others ??= []).Add((table, index));
    }

    /// <summary>The callee returns.</summary>
    /// <exception cref="ComponentTrapException">It still has a borrowed handle.</exception>
    public void CheckReturned()
    {
        if (Borrows > 0) throw new ComponentTrapException("borrow handles still remain at the end of the call");
    }

    /// <summary>The caller has its results: what it lent is its own again.</summary>
    public void EndLends()
    {
        first?.EndLend(firstIndex);
        first = null;
        if (others is null) return;
        foreach ((HandleTable table, int index) in others) table.EndLend(index);
        others.Clear();
    }
}
