using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>A resource type at run time: each instantiation of a component makes its own anew; those of the host are made once.</summary>
/// <param name="name">What messages call it.</param>
/// <param name="implementer">The instance that implements it; none where the host does.</param>
internal sealed class RuntimeResourceType(string name, InstanceState? implementer)
{
    private bool isExported;

    public string Name { get; private set; } = name;

    public InstanceState? Implementer { get; } = implementer;

    /// <summary>The guest's destructor, which takes the representation.</summary>
    public Action<int>? Destructor { get; set; }

    /// <summary>Takes the name under which it is exported first.</summary>
    public void TakeName(string exported)
    {
        if (!isExported && Implementer is not null) Name = exported;
        isExported = true;
    }

    /// <summary>Ends a resource whose last handle was dropped (Canonical ABI, <c>canon resource.drop</c>).</summary>
    /// <param name="representation">What the handle stood for.</param>
    /// <param name="caller">Who dropped it; <see langword="null"/> for the host.</param>
    public void Drop(Representation representation, InstanceState? caller)
    {
        if (Implementer is not { } owner)
        {
            (representation.Host as IDisposable)?.Dispose();
            return;
        }

        owner.EnterFrom(caller);
        try
        {
            Destructor?.Invoke(representation.Guest);
        }
        catch (WasmGuestException exception)
        {
            AdapterRuntime.TrapOnThrow(exception);
        }

        owner.LeaveTo(caller);
    }
}

/// <summary>What a handle stands for: a number of the implementing guest's, or an object of the host's.</summary>
internal readonly record struct Representation(int Guest, object? Host);

/// <summary>
/// A guest's resource in the hands of the host. Where the host got it as <c>own</c> it must pass it on or <see cref="Drop"/> it, once; a borrowed one
/// may be passed on as borrowed until the call ends that it came with. For the thread of its store.
/// </summary>
public sealed class GuestResource : IEquatable<GuestResource>
{
    private readonly int generation;
    private State state;

    internal GuestResource(RuntimeResourceType type, int representation, bool isOwned)
    {
        Type = type;
        Representation = representation;
        generation = type.Implementer!.Generation;
        state = isOwned ? State.Owned : State.Borrowed;
    }

    private enum State
    {
        Borrowed,
        Owned,
        Gone,
    }

    /// <summary>Whether the host owns it.</summary>
    public bool IsOwned => state == State.Owned;

    internal RuntimeResourceType Type { get; }

    internal int Representation { get; }

    /// <summary>Ends it: runs its destructor.</summary>
    /// <exception cref="ArgumentException">The host does not own it, or its instance has been reset.</exception>
    public void Drop() => Type.Drop(new Representation(Lower(asOwn: true), null), null);

    /// <summary>Takes its representation for a handle; one that is passed on as <c>own</c> is gone.</summary>
    /// <exception cref="ArgumentException">The host may not do that with it.</exception>
    internal int Lower(bool asOwn)
    {
        if (generation != Type.Implementer!.Generation) throw new ArgumentException($"{this} belongs to an instance that has been reset");
        if (state == State.Gone) throw new ArgumentException($"{this} has been dropped or passed on");
        if (asOwn && state == State.Borrowed) throw new ArgumentException($"{this} is borrowed; it cannot be dropped or passed on as own");
        if (asOwn) state = State.Gone;
        return Representation;
    }

    public bool Equals(GuestResource? other) => other is not null && other.Type == Type && other.Representation == Representation;

    public override bool Equals(object? obj) => Equals(obj as GuestResource);

    public override int GetHashCode() => HashCode.Combine(Type, Representation);

    public override string ToString() => $"{Type.Name}#{Representation}";
}
