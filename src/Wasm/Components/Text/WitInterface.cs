using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Text;

/// <summary>Writes the items of one interface or world.</summary>
/// <param name="owner">What <see cref="WitNames"/> calls it.</param>
/// <param name="name">Its name; none for a world and for an interface without one.</param>
/// <param name="names">Where types live.</param>
/// <param name="indent">The blanks before each line.</param>
internal sealed class WitInterface(string owner, InterfaceName? name, WitNames names, string indent)
{
    private readonly WitTypes types = new();

    /// <summary>Uses first, then types with the functions of resources, then functions.</summary>
    public void Write(TextWriter output, InstanceType instance)
    {
        var members = new Dictionary<string, List<(ParsedName Name, FuncType Func)>>();
        var functions = new List<(string Name, FuncType Func)>();
        var uses = new List<(string Owner, List<string> Names)>();
        var declared = new List<(string Name, AnyType Type)>();
        foreach (NamedExtern export in instance.Exports)
        {
            switch (export.Type)
            {
                case TypeExtern bound:
                    AddType(export.Name, bound.Type, uses, declared);
                    break;
                case FuncExtern func when ParsedName.Parse(export.Name, out _) is { Kind: not ExternNameKind.Label } parsed:
                    if (!members.TryGetValue(parsed.Resource, out List<(ParsedName, FuncType)>? list)) members[parsed.Resource] = list = [];
                    list.Add((parsed, func.Func));
                    break;
                case FuncExtern func:
                    functions.Add((export.Name, func.Func));
                    break;
            }
        }

        foreach ((string from, List<string> used) in uses) output.WriteLine($"{indent}use {from}.{{{string.Join(", ", used)}}};");
        if (uses.Count > 0) output.WriteLine();
        // Types and the functions of resources refer to one another in any order.
        foreach ((string label, AnyType type) in declared) types.Add(type, label);
        foreach ((string label, AnyType type) in declared) WriteType(output, label, type, members.GetValueOrDefault(label) ?? []);
        foreach ((string label, FuncType func) in functions) output.WriteLine($"{indent}{WitTypes.Escape(label)}: {Function(func)};");
    }

    public string Function(FuncType func) => (func.IsAsync ? "async func" : "func") + types.Signature(func);

    /// <summary>Writes the declaration of a type.</summary>
    public void WriteType(TextWriter output, string label, AnyType type, IReadOnlyList<(ParsedName Name, FuncType Func)> members)
    {
        string shown = WitTypes.Escape(label);
        string? alias = AliasName(type, label);
        names.Add(type, owner, label);
        types.Add(type, label);
        if (alias is not null)
        {
            output.WriteLine($"{indent}type {shown} = {alias};");
            output.WriteLine();
            return;
        }

        switch (type)
        {
            case ResourceType: WriteResource(output, shown, members); break;
            case RecordType record:
                WriteBlock(output, $"record {shown}", record.Fields.Select(field => $"{WitTypes.Escape(field.Label)}: {types.Use(field.Type)}"));
                break;
            case VariantType variant:
                WriteBlock(output, $"variant {shown}", variant.Cases.Select(one =>
                    WitTypes.Escape(one.Label) + (one.Type is null ? "" : $"({types.Use(one.Type)})")));
                break;
            case EnumType labels: WriteBlock(output, $"enum {shown}", labels.Labels.Select(WitTypes.Escape)); break;
            case FlagsType flags: WriteBlock(output, $"flags {shown}", flags.Labels.Select(WitTypes.Escape)); break;
            case ValType value: output.WriteLine($"{indent}type {shown} = {types.Structure(value)};"); break;
            default: output.WriteLine($"{indent}// {shown}: WIT has no form for this type"); break;
        }

        output.WriteLine();
    }

    /// <summary>Writes the declaration of a type or, where it lives elsewhere, its use.</summary>
    public void WriteTypeOrUse(TextWriter output, string label, AnyType type)
    {
        var uses = new List<(string Owner, List<string> Names)>();
        var declared = new List<(string Name, AnyType Type)>();
        AddType(label, type, uses, declared);
        foreach ((string from, List<string> used) in uses) output.WriteLine($"{indent}use {from}.{{{string.Join(", ", used)}}};");
        foreach ((string own, AnyType declaration) in declared) WriteType(output, own, declaration, []);
    }

    private void AddType(string label, AnyType type, List<(string Owner, List<string> Names)> uses, List<(string, AnyType)> declared)
    {
        if (names.FindSource(type, owner) is not { } home || home.Owner == owner || home.Owner.Length == 0)
        {
            declared.Add((label, type));
            return;
        }

        types.Add(type, label);
        string from = Relative(home.Owner);
        string item = home.Name == label ? WitTypes.Escape(label) : $"{WitTypes.Escape(home.Name)} as {WitTypes.Escape(label)}";
        int at = uses.FindIndex(use => use.Owner == from);
        if (at < 0) uses.Add((from, [item]));
        else uses[at].Names.Add(item);
    }

    // The name of the type of this interface that a type is another name of.
    private string? AliasName(AnyType type, string label)
    {
        if (types.Find(type) is { } same && same != label) return WitTypes.Escape(same);
        for (AnyType? at = type.AliasOf; at is not null; at = at.AliasOf)
        {
            if (types.Find(at) is { } found) return WitTypes.Escape(found);
        }

        return null;
    }

    // An interface of the same package goes by its own name.
    private string Relative(string other)
    {
        if (name is null || ParsedName.ParseInterface(other, out _) is not { } parsed || parsed.PackageName != name.PackageName) return other;
        return WitTypes.Escape(parsed.Interface);
    }

    private void WriteResource(TextWriter output, string shown, IReadOnlyList<(ParsedName Name, FuncType Func)> members)
    {
        if (members.Count == 0)
        {
            output.WriteLine($"{indent}resource {shown};");
            return;
        }

        output.WriteLine($"{indent}resource {shown} {{");
        foreach ((ParsedName member, FuncType func) in members)
        {
            string label = WitTypes.Escape(member.Label);
            string keyword = func.IsAsync ? "async func" : "func";
            output.WriteLine(member.Kind switch
            {
                ExternNameKind.Constructor => $"{indent}  constructor{types.Signature(func, isConstructor: true)};",
                ExternNameKind.Static => $"{indent}  {label}: static {keyword}{types.Signature(func)};",
                _ => $"{indent}  {label}: {keyword}{types.Signature(func, isMethod: true)};",
            });
        }

        output.WriteLine($"{indent}}}");
    }

    private void WriteBlock(TextWriter output, string head, IEnumerable<string> lines)
    {
        output.WriteLine($"{indent}{head} {{");
        foreach (string line in lines) output.WriteLine($"{indent}  {line},");
        output.WriteLine($"{indent}}}");
    }
}
