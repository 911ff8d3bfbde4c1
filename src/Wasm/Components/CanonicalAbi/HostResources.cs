using Chain.Wasm.Components.Runtime;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>What generated code calls where the host's values need a check or a change of form.</summary>
internal static class HostResources
{
    /// <summary>What the host gets for a resource: its own object, or one that stands for a guest's.</summary>
    public static object ToObject(Representation representation, RuntimeResourceType type) =>
        type.Implementer is null ? representation.Host! : new GuestResource(type, representation.Guest);

    /// <summary>What a handle is to stand for.</summary>
    /// <exception cref="ArgumentException">The object is a guest's resource of another type.</exception>
    public static Representation ToRepresentation(object? resource, RuntimeResourceType type)
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (type.Implementer is null) return new Representation(0, resource);
        if (resource is not GuestResource guest || guest.Type != type) throw new ArgumentException($"expected a resource of type {type.Name}, found {resource}");
        return new Representation(guest.Representation, null);
    }

    /// <summary>Checks the number of a case that the host gave.</summary>
    public static int CheckEnum(int number, int cases) =>
        (uint)number < (uint)cases ? number : throw new ArgumentOutOfRangeException(nameof(number), number, $"expected a case below {cases}");

    /// <summary>Checks the length of an array that stands for a list of fixed length.</summary>
    public static void CheckLength(Array array, int length)
    {
        if (array.Length != length) throw new ArgumentException($"expected an array of {length} items, found {array.Length}");
    }
}
