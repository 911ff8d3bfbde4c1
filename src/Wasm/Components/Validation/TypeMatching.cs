using Chain.Wasm.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Components.Validation;

/// <summary>
/// Whether what is given for an import, or ascribed to an export, is of the type that is wanted (Component Model, "Type Checking"). Answers
/// with the reason why not.
/// </summary>
/// <param name="registry">The core types.</param>
/// <param name="budget">Pays for the work.</param>
internal sealed class TypeMatching(TypeRegistry registry, WorkBudget budget)
{
    /// <summary>Why the given type is no subtype of the wanted one, or <see langword="null"/> where it is.</summary>
    public string? Check(ExternType given, ExternType wanted)
    {
        budget.Spend(1);
        if (ReferenceEquals(given, wanted)) return null;
        return (given, wanted) switch
        {
            (CoreModuleExtern a, CoreModuleExtern b) => Check(a.Module, b.Module),
            (FuncExtern a, FuncExtern b) => Check(a.Func, b.Func),
            (ValueExtern a, ValueExtern b) => AreEqual(a.Value, b.Value),
            (TypeExtern a, TypeExtern b) => Check(a.Type, b.Type),
            (ComponentExtern a, ComponentExtern b) => Check(a.Component, b.Component),
            (InstanceExtern a, InstanceExtern b) => Check(a.Instance, b.Instance),
            _ => $"expected {Describe(wanted)}, found {Describe(given)}",
        };
    }

    /// <summary>
    /// Notes for each resource type in <paramref name="open"/> that the wanted type brings in which one the given type has in its place.
    /// </summary>
    public void Open(ExternType given, ExternType wanted, IReadOnlyCollection<ResourceIdentity> open, TypeSubstitution substitution)
    {
        switch (given, wanted)
        {
            case (TypeExtern { Type: ResourceType a }, TypeExtern { Type: ResourceType b }):
                if (open.Contains(b.Identity) && !substitution.Has(b.Identity)) substitution.Map(b.Identity, a);
                break;
            case (InstanceExtern a, InstanceExtern b):
                foreach (NamedExtern export in b.Instance.Exports)
                {
                    budget.Spend(1);
                    if (a.Instance.Find(export.Name) is { } found) Open(found, export.Type, open, substitution);
                }

                break;
        }
    }

    /// <summary>Notes which types are given for those that were imported, after a check that they match: the names are the giver's.</summary>
    public void Bind(ExternType given, ExternType wanted, TypeSubstitution substitution)
    {
        switch (given, wanted)
        {
            case (TypeExtern { Type: ValType or ResourceType } a, TypeExtern { Type: ValType or ResourceType } b):
                substitution.Bind(b.Type, a.Type);
                break;
            case (InstanceExtern a, InstanceExtern b):
                foreach (NamedExtern export in b.Instance.Exports)
                {
                    budget.Spend(1);
                    if (a.Instance.Find(export.Name) is { } found) Bind(found, export.Type, substitution);
                }

                break;
        }
    }

    private string? Check(AnyType given, AnyType wanted)
    {
        if (ReferenceEquals(given, wanted)) return null;
        return (given, wanted) switch
        {
            (ResourceType a, ResourceType b) => a.Identity == b.Identity ? null : "resource types are not the same",
            (ValType a, ValType b) => AreEqual(a, b),
            (FuncType a, FuncType b) => Check(a, b),
            (InstanceType a, InstanceType b) => Check(a, b),
            (ComponentType a, ComponentType b) => Check(a, b),
            _ => $"expected {Describe(wanted)}, found {Describe(given)}",
        };
    }

    private string? Check(InstanceType given, InstanceType wanted)
    {
        if (ReferenceEquals(given, wanted)) return null;
        return CheckExports(given.Find, wanted.Exports, wanted.DefinedResources);
    }

    private string? CheckExports(
        Func<string, ExternType?> given, IReadOnlyList<NamedExtern> wanted, IReadOnlyCollection<ResourceIdentity> defined)
    {
        var substitution = new TypeSubstitution(budget);
        foreach (NamedExtern export in wanted)
        {
            if (given(export.Name) is not { } found) return $"missing expected export '{Name(export.Name)}'";
            if (defined.Count > 0) Open(found, export.Type, defined, substitution);
            if (Check(found, substitution.Apply(export.Type)) is { } reason) return $"type mismatch in export '{Name(export.Name)}': {reason}";
        }

        return null;
    }

    private string? Check(ComponentType given, ComponentType wanted)
    {
        if (ReferenceEquals(given, wanted)) return null;
        // What the wanted type imports is what the given component will get.
        var arguments = new Dictionary<string, ExternType>();
        foreach (NamedExtern import in wanted.Imports) arguments[import.Name] = import.Type;
        var substitution = new TypeSubstitution(budget);
        foreach (NamedExtern import in given.Imports)
        {
            if (!arguments.TryGetValue(import.Name, out ExternType? argument)) return $"missing expected import '{Name(import.Name)}'";
            Open(argument, import.Type, given.ImportedResources, substitution);
            if (Check(argument, substitution.Apply(import.Type)) is { } reason) return $"type mismatch in import '{Name(import.Name)}': {reason}";
        }

        var exports = new Dictionary<string, ExternType>();
        foreach (NamedExtern export in given.Exports) exports[export.Name] = substitution.Apply(export.Type);
        return CheckExports(exports.GetValueOrDefault, wanted.Exports, wanted.DefinedResources);
    }

    private string? Check(FuncType given, FuncType wanted)
    {
        if (ReferenceEquals(given, wanted)) return null;
        if (given.IsAsync != wanted.IsAsync) return wanted.IsAsync ? "expected an async function" : "expected a function that is not async";
        if (given.Parameters.Count != wanted.Parameters.Count)
            return $"expected {wanted.Parameters.Count} parameters, found {given.Parameters.Count}";
        budget.Spend(given.MemberCount);
        for (int i = 0; i < given.Parameters.Count; i++)
        {
            (Parameter a, Parameter b) = (given.Parameters[i], wanted.Parameters[i]);
            if (a.Label != b.Label) return $"expected a parameter named '{Name(b.Label)}', found '{Name(a.Label)}'";
            if (AreEqual(a.Type, b.Type) is { } reason) return $"type mismatch in parameter '{Name(a.Label)}': {reason}";
        }

        return AreEqual(given.Result, wanted.Result) is { } difference ? $"type mismatch in the result: {difference}" : null;
    }

    private string? AreEqual(ValType? given, ValType? wanted)
    {
        if (ReferenceEquals(given, wanted)) return null;
        if (given is null) return $"expected {Describe(wanted!)}, found none";
        if (wanted is null) return $"expected none, found {Describe(given)}";
        budget.Spend(1 + given.MemberCount);
        switch (given, wanted)
        {
            case (PrimitiveType a, PrimitiveType b):
                return a.Kind == b.Kind ? null : Mismatch(given, wanted);
            case (RecordType a, RecordType b):
                if (a.Fields.Count != b.Fields.Count) return $"expected {b.Fields.Count} fields, found {a.Fields.Count}";
                for (int i = 0; i < a.Fields.Count; i++)
                {
                    if (a.Fields[i].Label != b.Fields[i].Label)
                        return $"expected a field named '{Name(b.Fields[i].Label)}', found '{Name(a.Fields[i].Label)}'";
                    if (AreEqual(a.Fields[i].Type, b.Fields[i].Type) is { } reason) return $"in field '{Name(a.Fields[i].Label)}': {reason}";
                }

                return null;
            case (VariantType a, VariantType b):
                if (a.Cases.Count != b.Cases.Count) return $"expected {b.Cases.Count} cases, found {a.Cases.Count}";
                for (int i = 0; i < a.Cases.Count; i++)
                {
                    if (a.Cases[i].Label != b.Cases[i].Label)
                        return $"expected a case named '{Name(b.Cases[i].Label)}', found '{Name(a.Cases[i].Label)}'";
                    if (AreEqual(a.Cases[i].Type, b.Cases[i].Type) is { } reason) return $"in case '{Name(a.Cases[i].Label)}': {reason}";
                }

                return null;
            case (TupleType a, TupleType b):
                if (a.Types.Count != b.Types.Count) return $"expected {b.Types.Count} types, found {a.Types.Count}";
                for (int i = 0; i < a.Types.Count; i++)
                {
                    if (AreEqual(a.Types[i], b.Types[i]) is { } reason) return $"in member {i} of a tuple: {reason}";
                }

                return null;
            case (ListType a, ListType b):
                return a.Length == b.Length ? AreEqual(a.Element, b.Element) : "expected a list of another length";
            case (MapType a, MapType b):
                return AreEqual(a.Key, b.Key) ?? AreEqual(a.Value, b.Value);
            case (FlagsType a, FlagsType b):
                return a.Labels.SequenceEqual(b.Labels) ? null : "expected other flags";
            case (EnumType a, EnumType b):
                return a.Labels.SequenceEqual(b.Labels) ? null : "expected other cases of an enum";
            case (OptionType a, OptionType b):
                return AreEqual(a.Type, b.Type);
            case (ResultType a, ResultType b):
                return AreEqual(a.Ok, b.Ok) ?? AreEqual(a.Error, b.Error);
            case (HandleType a, HandleType b):
                if (a.IsOwn != b.IsOwn) return Mismatch(given, wanted);
                return a.Resource.Identity == b.Resource.Identity ? null : "resource types are not the same";
            case (StreamType a, StreamType b):
                return AreEqual(a.Element, b.Element);
            case (FutureType a, FutureType b):
                return AreEqual(a.Element, b.Element);
            default:
                return Mismatch(given, wanted);
        }
    }

    private string? Check(ModuleType given, ModuleType wanted)
    {
        foreach (((string module, string name), CoreExternType import) in given.Imports)
        {
            budget.Spend(1);
            string shown = Name($"{module}::{name}");
            if (!wanted.Imports.TryGetValue((module, name), out CoreExternType? argument)) return $"missing expected import '{shown}'";
            if (Check(argument, import) is { } reason) return $"type mismatch in import '{shown}': {reason}";
        }

        foreach ((string name, CoreExternType export) in wanted.Exports)
        {
            budget.Spend(1);
            if (!given.Exports.TryGetValue(name, out CoreExternType? found)) return $"missing expected export '{Name(name)}'";
            if (Check(found, export) is { } reason) return $"type mismatch in export '{Name(name)}': {reason}";
        }

        return null;
    }

    /// <summary>Why the given core item does not match the wanted one (core specification, "Import Matching"), or <see langword="null"/>.</summary>
    public string? Check(CoreExternType given, CoreExternType wanted)
    {
        if (given.Kind != wanted.Kind) return $"expected a {Lower(wanted.Kind)}, found a {Lower(given.Kind)}";
        bool matches = wanted.Kind switch
        {
            ExternalKind.Function => registry.IsSubtype(given.TypeId, wanted.TypeId),
            ExternalKind.Tag => given.TypeId == wanted.TypeId,
            ExternalKind.Memory => Matches(given.Memory.Limits, wanted.Memory.Limits),
            ExternalKind.Table => given.Table.Element == wanted.Table.Element && Matches(given.Table.Limits, wanted.Table.Limits),
            _ => given.Global.Mutable == wanted.Global.Mutable && (wanted.Global.Mutable
                ? given.Global.Value == wanted.Global.Value
                : registry.Matches(given.Global.Value, wanted.Global.Value)),
        };
        return matches ? null : $"expected {Describe(wanted)}, found {Describe(given)}";
    }

    private static bool Matches(Limits given, Limits wanted) =>
        given.Is64 == wanted.Is64 && given.IsShared == wanted.IsShared && given.Minimum >= wanted.Minimum
        && (wanted.Maximum is not { } maximum || (given.Maximum is { } own && own <= maximum));

    private string Describe(CoreExternType type) => type.Kind switch
    {
        ExternalKind.Function or ExternalKind.Tag => Name($"{Lower(type.Kind)} {registry.Get(type.TypeId).Composite}"),
        ExternalKind.Memory => type.Memory.ToString(),
        ExternalKind.Table => type.Table.ToString(),
        _ => $"global {type.Global}",
    };

    private static string Mismatch(ValType given, ValType wanted) => $"expected {Describe(wanted)}, found {Describe(given)}";

    private static string Describe(ExternType type) => type switch
    {
        CoreModuleExtern => "core module",
        TypeExtern bound => $"type ({Describe(bound.Type)})",
        _ => type.Sort.ToString().ToLowerInvariant(),
    };

    internal static string Describe(AnyType type) => type switch
    {
        PrimitiveType primitive => PrimitiveName(primitive.Kind),
        HandleType handle => handle.IsOwn ? "own" : "borrow",
        ResourceType => "resource",
        _ => type.GetType().Name.Replace("Type", "", StringComparison.Ordinal).ToLowerInvariant(),
    };

    internal static string PrimitiveName(PrimitiveKind kind) =>
        kind == PrimitiveKind.ErrorContext ? "error-context" : kind.ToString().ToLowerInvariant();

    private static string Lower(ExternalKind kind) => kind.ToString().ToLowerInvariant();

    private static string Name(string name) => ModuleContext.Printable(name);
}
