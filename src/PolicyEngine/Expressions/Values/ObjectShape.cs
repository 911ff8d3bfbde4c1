namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>What a host's object value is an instance of; the environment declares its fields under this name.</summary>
/// <param name="name">The qualified name of the type, such as <c>chain.Component</c>.</param>
public sealed class ObjectShape(string name)
{
    /// <summary>The qualified name of the type.</summary>
    public string Name { get; } = name;
}
