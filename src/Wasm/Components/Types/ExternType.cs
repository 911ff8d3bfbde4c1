using Chain.Wasm.Components.Binary;

namespace Chain.Wasm.Components.Types;

/// <summary>An import or export with its name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it is.</param>
/// <param name="Implements">The interface that it says to implement, or <see langword="null"/>.</param>
public sealed record NamedExtern(string Name, ExternType Type, string? Implements = null);

/// <summary>The type of an import or export (<c>externtype</c>).</summary>
public abstract class ExternType
{
    public abstract Sort Sort { get; }

    internal abstract long Size { get; }

    internal abstract bool HasResources { get; }
}

public sealed class CoreModuleExtern(ModuleType module) : ExternType
{
    public ModuleType Module { get; } = module;

    public override Sort Sort => Sort.Core;

    internal override long Size => 1 + Module.Imports.Count + Module.Exports.Count;

    internal override bool HasResources => false;
}

public sealed class FuncExtern(FuncType func) : ExternType
{
    public FuncType Func { get; } = func;

    public override Sort Sort => Sort.Func;

    internal override long Size => Func.Size;

    internal override bool HasResources => Func.HasResources;
}

public sealed class ValueExtern(ValType value) : ExternType
{
    public ValType Value { get; } = value;

    public override Sort Sort => Sort.Value;

    internal override long Size => Value.Size;

    internal override bool HasResources => Value.HasResources;
}

/// <summary>A type: the one it is bound to, or a resource type of its own.</summary>
public sealed class TypeExtern(AnyType type) : ExternType
{
    public AnyType Type { get; } = type;

    public override Sort Sort => Sort.Type;

    internal override long Size => Type.Size;

    internal override bool HasResources => Type.HasResources;
}

public sealed class ComponentExtern(ComponentType component) : ExternType
{
    public ComponentType Component { get; } = component;

    public override Sort Sort => Sort.Component;

    internal override long Size => Component.Size;

    internal override bool HasResources => Component.HasResources;
}

public sealed class InstanceExtern(InstanceType instance) : ExternType
{
    public InstanceType Instance { get; } = instance;

    public override Sort Sort => Sort.Instance;

    internal override long Size => Instance.Size;

    internal override bool HasResources => Instance.HasResources;
}
