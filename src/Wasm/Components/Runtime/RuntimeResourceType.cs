namespace Chain.Wasm.Components.Runtime;

/// <summary>A resource type at run time: each instantiation of a component makes its own anew; those of the host are made once.</summary>
/// <param name="name">What messages call it.</param>
/// <param name="implementer">The instance that implements it; none where the host does.</param>
internal sealed class RuntimeResourceType(string name, InstanceState? implementer)
{
    public string Name { get; } = name;

    public InstanceState? Implementer { get; } = implementer;

    /// <summary>The guest's destructor, which takes the representation.</summary>
    public Action<int>? Destructor { get; set; }

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
        Destructor?.Invoke(representation.Guest);
        owner.LeaveTo(caller);
    }
}

/// <summary>What a handle stands for: a number of the implementing guest's, or an object of the host's.</summary>
internal readonly record struct Representation(int Guest, object? Host);

/// <summary>A guest's resource in the hands of the host.</summary>
public sealed class GuestResource : IEquatable<GuestResource>
{
    internal GuestResource(RuntimeResourceType type, int representation)
    {
        Type = type;
        Representation = representation;
    }

    internal RuntimeResourceType Type { get; }

    internal int Representation { get; }

    /// <summary>Ends it, where the host owns it: runs its destructor. The thread of its store only.</summary>
    public void Drop() => Type.Drop(new Representation(Representation, null), null);

    public bool Equals(GuestResource? other) => other is not null && other.Type == Type && other.Representation == Representation;

    public override bool Equals(object? obj) => Equals(obj as GuestResource);

    public override int GetHashCode() => HashCode.Combine(Type, Representation);

    public override string ToString() => $"{Type.Name}#{Representation}";
}
