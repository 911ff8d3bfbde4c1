using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Components.Runtime;

/// <summary>What the canonical ABI knows of a component instance (Canonical ABI, "Component Instances").</summary>
/// <param name="store">Where it lives.</param>
/// <param name="parent">The instance that made it.</param>
/// <param name="path">Its name among the instances inside one another, for messages and interceptors; empty for the outermost.</param>
internal sealed class InstanceState(ComponentStore store, InstanceState? parent, string path)
{
    private bool mayEnter = true;

    public ComponentStore Store { get; } = store;

    /// <summary>Who is shown its calls: the store's interceptor when it was made.</summary>
    public CallInterceptor? Interceptor { get; } = store.Interceptor;

    /// <summary>The instances that it is inside of.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    /// <summary>Grows with each reset, so that what the host kept of an earlier life can be told.</summary>
    public int Generation { get; private set; }

    public InstanceState? Parent { get; } = parent;

    public string Path { get; } = path;

    public HandleTable Handles { get; } = new();

    /// <summary>Whether its code may call out now; not while it allocates or cleans up for the canonical ABI.</summary>
    public bool MayLeave { get; set; } = true;

    /// <summary>Begins a call into it.</summary>
    /// <param name="caller">Who calls; <see langword="null"/> for the host.</param>
    /// <exception cref="ComponentTrapException">A call is under way in it already, or a trap ended it.</exception>
    public void EnterFrom(InstanceState? caller)
    {
        // The ancestors that caller and callee share are being run already. All are looked at before any is marked: one that cannot be entered
        // must not take those inside it with it.
        for (InstanceState? entered = this; entered is not null && !entered.IsSelfOrAncestorOf(caller); entered = entered.Parent)
        {
            if (!entered.mayEnter) throw new ComponentTrapException("cannot enter component instance");
        }

        for (InstanceState? entered = this; entered is not null && !entered.IsSelfOrAncestorOf(caller); entered = entered.Parent) entered.mayEnter = false;
    }

    /// <summary>Begins a call of another guest into it.</summary>
    /// <exception cref="ComponentTrapException">As for <see cref="EnterFrom"/>; or one of them made the other.</exception>
    public void EnterFromGuest(InstanceState caller)
    {
        // The specification's text lets an instance and those that it made call one another; its suite does not "for now", nor do other hosts.
        if (IsSelfOrAncestorOf(caller) || caller.IsSelfOrAncestorOf(this)) throw new ComponentTrapException("cannot enter component instance");
        EnterFrom(caller);
    }

    /// <summary>Ends a call into it that returned. After one that did not, it cannot be entered any more.</summary>
    public void LeaveTo(InstanceState? caller)
    {
        for (InstanceState? left = this; left is not null && !left.IsSelfOrAncestorOf(caller); left = left.Parent) left.mayEnter = true;
    }

    /// <summary>Checks that its code may call out.</summary>
    public void CheckMayLeave()
    {
        if (!MayLeave) throw new ComponentTrapException("cannot leave component instance");
    }

    /// <summary>Makes it as it was when it was new.</summary>
    public void Reset()
    {
        mayEnter = true;
        MayLeave = true;
        Generation++;
        Handles.Clear();
    }

    /// <summary>Ends it: it cannot be entered until it is reset.</summary>
    public void Close() => mayEnter = false;

    private bool IsSelfOrAncestorOf(InstanceState? other)
    {
        if (other is null) return false;
        InstanceState? same = other;
        while (same is not null && same.Depth > Depth) same = same.Parent;
        return same == this;
    }
}
