using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Text;

/// <summary>
/// Writes what a component imports and exports as WIT text (Component Model, "WIT.md"): a world <c>root</c>, and the packages that it
/// uses. Names have been validated, so nothing in the text is a stranger's free choice of characters. Not thread-safe.
/// </summary>
/// <param name="type">A validated component's type.</param>
public sealed class WitText(ComponentType type)
{
    private const string WorldOwner = "";

    private readonly WitNames names = new();
    private readonly List<(string Package, List<(InterfaceName Name, InstanceType Type)> Interfaces)> packages = [];
    private readonly HashSet<string> known = [];

    /// <summary>Writes the text.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine("package root:component;");
        output.WriteLine();
        output.WriteLine("world root {");
        var world = new WitInterface(WorldOwner, null, names, "  ");
        WriteItems(output, world, type.Imports, "import");
        if (type.Imports.Count > 0 && type.Exports.Count > 0) output.WriteLine();
        WriteItems(output, world, type.Exports, "export");
        output.WriteLine("}");
        foreach ((string package, List<(InterfaceName Name, InstanceType Type)> interfaces) in InOrderOfUse())
        {
            output.WriteLine($"package {package} {{");
            foreach ((InterfaceName name, InstanceType instance) in interfaces)
            {
                output.WriteLine($"  interface {WitTypes.Escape(name.Interface)} {{");
                new WitInterface(Key(name), name, names, "    ").Write(output, instance);
                output.WriteLine("  }");
            }

            output.WriteLine("}");
            output.WriteLine();
        }
    }

    private void WriteItems(TextWriter output, WitInterface world, IReadOnlyList<NamedExtern> items, string direction)
    {
        foreach (NamedExtern item in items)
        {
            ParsedName? parsed = ParsedName.Parse(item.Name, out _);
            if (parsed?.Interface is { } name)
            {
                output.WriteLine($"  {direction} {item.Name};");
                if (item.Type is InstanceExtern instance) Add(name, instance.Instance);
                continue;
            }

            string label = WitTypes.Escape(item.Name);
            switch (item.Type)
            {
                case TypeExtern bound: world.WriteTypeOrUse(output, item.Name, bound.Type); break;
                case FuncExtern func when parsed?.Kind == ExternNameKind.Label:
                    output.WriteLine($"  {direction} {label}: {world.Function(func.Func)};");
                    break;
                case FuncExtern: break; // A resource's, written with it where WIT has a form for it.
                case InstanceExtern instance:
                    output.WriteLine($"  {direction} {label}: interface {{");
                    new WitInterface(item.Name, null, names, "    ").Write(output, instance.Instance);
                    output.WriteLine("  }");
                    break;
                default:
                    output.WriteLine($"  // {direction} {label}: WIT has no form for a {(item.Type is CoreModuleExtern ? "core module" : item.Type.Sort.ToString().ToLowerInvariant())}");
                    break;
            }
        }
    }

    private void Add(InterfaceName name, InstanceType instance)
    {
        foreach (NamedExtern export in instance.Exports)
        {
            if (export.Type is TypeExtern bound) names.Add(bound.Type, Key(name), export.Name);
        }

        // Imported and exported, it is one interface.
        if (!known.Add(Key(name))) return;
        int at = packages.FindIndex(package => package.Package == name.PackageName);
        if (at < 0)
        {
            at = packages.Count;
            packages.Add((name.PackageName, []));
        }

        packages[at].Interfaces.Add((name, instance));
    }

    // A package stands after those that it uses; else in the order of imports and exports.
    private List<(string Package, List<(InterfaceName Name, InstanceType Type)> Interfaces)> InOrderOfUse()
    {
        var ordered = new List<(string Package, List<(InterfaceName Name, InstanceType Type)> Interfaces)>();
        var visited = new HashSet<string>();
        var open = new Stack<(int Package, IEnumerator<string> Uses)>();
        for (int i = 0; i < packages.Count; i++)
        {
            Enter(i);
            while (open.Count > 0)
            {
                (int package, IEnumerator<string> uses) = open.Peek();
                if (uses.MoveNext()) Enter(packages.FindIndex(one => one.Package == uses.Current));
                else ordered.Add(packages[open.Pop().Package]);
            }
        }

        return ordered;

        void Enter(int package)
        {
            if (package >= 0 && visited.Add(packages[package].Package)) open.Push((package, Uses(packages[package].Interfaces).GetEnumerator()));
        }
    }

    private IEnumerable<string> Uses(List<(InterfaceName Name, InstanceType Type)> interfaces)
    {
        foreach ((InterfaceName name, InstanceType instance) in interfaces)
        {
            foreach (NamedExtern export in instance.Exports)
            {
                if (export.Type is not TypeExtern bound || names.FindSource(bound.Type, Key(name)) is not { } home) continue;
                if (ParsedName.ParseInterface(home.Owner, out _) is { } owner) yield return owner.PackageName;
            }
        }
    }

    private static string Key(InterfaceName name) => $"{name.Namespace}:{name.Package}/{name.Interface}{(name.Version is null ? "" : "@" + name.Version)}";
}
