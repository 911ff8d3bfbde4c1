using Chain.Wasm.Components.Runtime;

namespace Chain.Wasm.Components.Hosting;

/// <summary>
/// An interface that the host offers to components, such as <c>wasi:io/streams@0.2.0</c>. It meets imports of that name with any version that is
/// compatible (Component Model, "Canonical Interface Name"). Shared by all stores: what belongs to one is reached through <see cref="ComponentStore"/>.
/// </summary>
/// <remarks>
/// Functions are delegates; their CLR types stand for component types: the numbers and <see cref="bool"/> for themselves, <see cref="System.Text.Rune"/>
/// for <c>char</c>, <see cref="string"/>, arrays for lists (<c>ReadOnlySpan&lt;byte&gt;</c> for a <c>list&lt;u8&gt;</c> parameter: a view of the
/// guest's memory, to be used only until the function returns or calls the guest), <see cref="ValueTuple"/>s for tuples, a type whose constructor's
/// parameters have the fields' names for records, enums for <c>enum</c> and <c>flags</c> (labels in Pascal case), <see cref="IVariant{TSelf}"/> for
/// variants, <see cref="Result{T, TError}"/>, and for <c>option&lt;T&gt;</c> <see cref="Nullable{T}"/> or a reference that may be null. A handle
/// is the class given to <see cref="Resource{T}"/>. A first parameter of type <see cref="ComponentStore"/> is the store of the caller.
/// An exception ends the guest; use <see cref="ComponentTrapException"/> for a guest's own mistake.
/// </remarks>
public sealed class HostInterface
{
    private readonly Dictionary<string, Delegate> functions = [];
    private readonly Dictionary<string, HostResource> resources = [];

    /// <param name="name">Such as <c>wasi:io/streams@0.2.0</c>; a plain name for imports that are not of an interface.</param>
    public HostInterface(string name) => Name = name;

    public string Name { get; }

    /// <summary>Its functions by name; those of resources as in the binary format: <c>[method]output-stream.write</c>.</summary>
    public IReadOnlyDictionary<string, Delegate> Functions => functions;

    /// <summary>Its resource types by name.</summary>
    public IReadOnlyDictionary<string, HostResource> Resources => resources;

    /// <summary>Adds a resource type. An object that is <see cref="IDisposable"/> is disposed of when the guest drops its last <c>own</c> handle.</summary>
    /// <param name="name">Its name, such as <c>output-stream</c>.</param>
    public HostInterface Resource<T>(string name)
        where T : class
    {
        resources.Add(name, new HostResource(typeof(T), new RuntimeResourceType(name, null)));
        return this;
    }

    /// <summary>Adds a resource type of another interface, which this one uses by the same or another name.</summary>
    public HostInterface Resource(string name, HostResource resource)
    {
        resources.Add(name, resource);
        return this;
    }

    /// <summary>Adds a function.</summary>
    /// <param name="name">Its name, such as <c>now</c>, <c>[method]output-stream.write</c> or <c>[constructor]fields</c>.</param>
    /// <param name="function">What it does, on the guest's thread.</param>
    public HostInterface Function(string name, Delegate function)
    {
        functions.Add(name, function);
        return this;
    }
}

/// <summary>A resource type of the host's.</summary>
public sealed class HostResource
{
    internal HostResource(Type clrType, RuntimeResourceType type)
    {
        ClrType = clrType;
        Type = type;
    }

    /// <summary>The class of the objects that handles stand for.</summary>
    public Type ClrType { get; }

    internal RuntimeResourceType Type { get; }
}
