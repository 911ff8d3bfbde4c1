namespace Chain.Tracer.Calls;

/// <summary>Somebody who calls or is called: a component by name (<c>application/component</c>) and version.</summary>
/// <param name="Name">The name, at most 200 characters.</param>
/// <param name="Version">The digest of a component's bytes; empty where there is none, as for callers from outside.</param>
public readonly record struct ComponentRef(string Name, string Version = "")
{
    /// <summary>A caller that is no component: the world outside the application.</summary>
    public static ComponentRef Outside { get; } = new("outside");

    /// <inheritdoc/>
    public override string ToString() => Version is null or "" ? Name : $"{Name}@{Version}";
}

/// <summary>A function, such as <c>clinic:records/store#get</c>; at most 200 characters.</summary>
public readonly record struct FunctionRef(string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A link as it is used: who calls which function of whom, and where that ran.</summary>
/// <param name="Caller">Who calls.</param>
/// <param name="Callee">Who is called.</param>
/// <param name="Function">Which function.</param>
/// <param name="Host">Name of the silo on which the callee ran, at most 200 characters; empty for the node that records the call.</param>
/// <param name="Attempt">1 for the first attempt, 2 and on where the call was sent again; at most <see cref="CallNames.MaxAttempt"/>.</param>
public readonly record struct CallSite(ComponentRef Caller, ComponentRef Callee, FunctionRef Function, string Host = "", int Attempt = 1);

/// <summary>A call site interned in this process by <see cref="CallNames"/>.</summary>
public readonly record struct CallSiteId(int Value);

/// <summary>A place where a component keeps state between calls.</summary>
/// <param name="Component">The component's name.</param>
/// <param name="Store">The bucket or store within the component.</param>
/// <param name="Key">The key within the store; at most 1,024 characters.</param>
public readonly record struct StateKey(string Component, string Store, string Key);

/// <summary>A state key interned in this process by <see cref="CallNames"/>; 0 is none.</summary>
public readonly record struct StateKeyId(int Value);
