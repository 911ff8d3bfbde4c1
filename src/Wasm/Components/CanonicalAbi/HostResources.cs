using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>What generated code calls where the host's values need a check or a change of form.</summary>
internal static class HostResources
{
    /// <summary>What the host gets for a resource: its own object, or one that stands for a guest's.</summary>
    public static object ToObject(Representation representation, RuntimeResourceType type, bool isOwned) =>
        type.Implementer is null ? representation.Host! : new GuestResource(type, representation.Guest, isOwned);

    /// <summary>What a handle is to stand for.</summary>
    /// <exception cref="ArgumentException">The object is a guest's resource of another type, or one that the host may not pass on so.</exception>
    public static Representation ToRepresentation(object? resource, RuntimeResourceType type, bool asOwn)
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (type.Implementer is null) return new Representation(0, resource);
        if (resource is not GuestResource guest || guest.Type != type) throw new ArgumentException($"expected a resource of type {type.Name}, found {resource}");
        return new Representation(guest.Lower(asOwn), null);
    }

    /// <summary>Drops all owned resources in a value that was lifted.</summary>
    /// <param name="value">The value.</param>
    /// <param name="caller">The instance that gave them away.</param>
    public static void DropOwned(ComponentValue? value, InstanceState caller)
    {
        switch (value)
        {
            case ResourceValue { IsOwn: true, Resource: GuestResource guest }:
                guest.Type.Drop(new Representation(guest.Lower(asOwn: true), null), caller);
                break;
            case ResourceValue { IsOwn: true, Resource: IDisposable resource }: resource.Dispose(); break;
            case ListValue { Bytes: null } list: DropOwned(list.Items, caller); break;
            case TupleValue tuple: DropOwned(tuple.Items, caller); break;
            case RecordValue record:
                foreach ((_, ComponentValue field) in record.Fields) DropOwned(field, caller);
                break;
            case VariantValue variant: DropOwned(variant.Payload, caller); break;
            case OptionValue option: DropOwned(option.Value, caller); break;
            case ResultValue result: DropOwned(result.Payload, caller); break;
        }
    }

    private static void DropOwned(IReadOnlyList<ComponentValue> items, InstanceState caller)
    {
        foreach (ComponentValue item in items) DropOwned(item, caller);
    }

    /// <summary>Checks the number of a case that the host gave.</summary>
    public static int CheckEnum(int number, int cases) =>
        (uint)number < (uint)cases ? number : throw new ArgumentOutOfRangeException(nameof(number), number, $"expected a case below {cases}");

    /// <summary>Checks the flags that the host gave.</summary>
    public static int CheckFlags(int bits, int labels) => labels == 32 || (uint)bits >> labels == 0
        ? bits
        : throw new ArgumentOutOfRangeException(nameof(bits), bits, $"expected flags of {labels} bits");

    /// <summary>Checks the length of an array that stands for a list of fixed length.</summary>
    public static void CheckLength(Array array, int length)
    {
        if (array.Length != length) throw new ArgumentException($"expected an array of {length} items, found {array.Length}");
    }
}
