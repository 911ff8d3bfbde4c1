using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Components.Validation;

/// <summary>
/// The names of the imports, or of the exports, of one scope: each well formed and strongly unique, and annotated ones fit for the resource
/// that they name (Component Model, "Import and Export Definitions").
/// </summary>
/// <param name="what">"import" or "export", for messages.</param>
internal sealed class NameScope(string what)
{
    private readonly Dictionary<string, string> unique = [];
    private readonly Dictionary<string, ResourceType> resources = [];

    /// <summary>Why a name cannot stand here, or <see langword="null"/>; then it is added.</summary>
    public string? Add(ExternName name, ExternType type)
    {
        string shown = ModuleContext.Printable(name.Name);
        if (ParsedName.Parse(name.Name, out string reason) is not { } parsed) return $"'{shown}' is not a valid extern name: {reason}";
        if (CheckAttributes(name, parsed, type) is { } attribute) return attribute;
        if (CheckAnnotation(parsed, type) is { } annotation) return $"{what} '{shown}': {annotation}";
        if (!unique.TryAdd(parsed.UniqueKey, name.Name))
            return $"{what} name '{shown}' conflicts with previous name '{ModuleContext.Printable(unique[parsed.UniqueKey])}'";
        return null;
    }

    /// <summary>Notes that a name is that of a resource type, for the annotated names after it.</summary>
    public void AddResource(string name, ResourceType resource) => resources.TryAdd(name, resource);

    private static string? CheckAttributes(ExternName name, ParsedName parsed, ExternType type)
    {
        int seen = 0;
        foreach (NameAttribute attribute in name.Attributes)
        {
            int bit = 1 << (int)attribute.Kind;
            if ((seen & bit) != 0) return $"duplicate attribute {attribute.Kind} of name '{ModuleContext.Printable(name.Name)}'";
            seen |= bit;
            string value = ModuleContext.Printable(attribute.Value);
            switch (attribute.Kind)
            {
                case NameAttributeKind.Implements:
                    if (ParsedName.ParseInterface(attribute.Value, out string reason) is null)
                        return $"'{value}' must be an interface name: {reason}";
                    if (type is not InstanceExtern) return "only instances can have an 'implements' attribute";
                    if (parsed.Kind != ExternNameKind.Label) return $"name '{ModuleContext.Printable(name.Name)}' is not valid with 'implements'";
                    break;
                case NameAttributeKind.VersionSuffix:
                    bool fits = parsed.Interface?.Version is { } version && SemanticVersion.IsCanonical(version)
                        && SemanticVersion.IsValid(version + attribute.Value);
                    if (!fits) return $"the version suffix '{value}' does not complete the version of '{ModuleContext.Printable(name.Name)}'";
                    break;
            }
        }

        return null;
    }

    private string? CheckAnnotation(ParsedName name, ExternType type)
    {
        if (name.Kind is not (ExternNameKind.Constructor or ExternNameKind.Method or ExternNameKind.Static)) return null;
        if (type is not FuncExtern { Func: var func }) return "expected a function: its name is annotated";
        switch (name.Kind)
        {
            case ExternNameKind.Static:
                return resources.ContainsKey(name.Resource) ? null : $"there is no resource '{name.Resource}' before it in this scope";
            case ExternNameKind.Constructor:
                if (func.Result is null) return "a constructor should return one value";
                ValType result = func.Result is ResultType { Ok: { } ok } ? ok : func.Result;
                if (result is not HandleType { IsOwn: true } owned) return "a constructor should return (own $T) or (result (own $T))";
                return CheckResource(name, owned.Resource);
            default:
                if (func.Parameters.Count == 0) return "a method should have at least one parameter";
                if (func.Parameters[0].Label != "self") return "a method should have a first parameter 'self'";
                if (func.Parameters[0].Type is not HandleType { IsOwn: false } borrowed) return "a method should take (borrow $T) first";
                return CheckResource(name, borrowed.Resource);
        }
    }

    private string? CheckResource(ParsedName name, ResourceType resource)
    {
        if (!resources.TryGetValue(name.Resource, out ResourceType? named)) return $"there is no resource '{name.Resource}' before it in this scope";
        return ReferenceEquals(named, resource) ? null : $"its type does not use the resource that is named '{name.Resource}' in this scope";
    }
}
