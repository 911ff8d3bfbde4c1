using System.Globalization;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Text;

/// <summary>
/// What the text calls each thing of a module: its <c>$name</c> where the module gives one that nothing before it in the same index
/// space has, else its index.
/// </summary>
internal sealed class Identifiers
{
    private readonly NameSection names;
    private readonly HashSet<string> taken = [];

    public Identifiers(Module module)
    {
        names = module.Names;
        Types = Space((uint)module.Types.Length, names.Types.GetValueOrDefault);
        Functions = Space(module, ExternalKind.Function, module.Functions.Length, names.Function);
        Tables = Space(module, ExternalKind.Table, module.Tables.Length, names.Tables.GetValueOrDefault);
        Memories = Space(module, ExternalKind.Memory, module.Memories.Length, names.Memories.GetValueOrDefault);
        Globals = Space(module, ExternalKind.Global, module.Globals.Length, names.Globals.GetValueOrDefault);
        Tags = Space(module, ExternalKind.Tag, module.Tags.Length, names.Tags.GetValueOrDefault);
        Elements = Space((uint)module.Elements.Length, names.Elements.GetValueOrDefault);
        Data = Space((uint)module.Data.Length, names.Data.GetValueOrDefault);
    }

    public string?[] Types { get; }

    public string?[] Functions { get; }

    public string?[] Tables { get; }

    public string?[] Memories { get; }

    public string?[] Globals { get; }

    public string?[] Tags { get; }

    public string?[] Elements { get; }

    public string?[] Data { get; }

    /// <summary>The identifiers of a function's locals; only named ones are in it.</summary>
    public Dictionary<uint, string> Locals(uint function) => Sparse(names.Locals(function));

    /// <summary>The identifiers of a structure type's fields; only named ones are in it.</summary>
    public Dictionary<uint, string> Fields(uint type) => Sparse(names.Fields(type));

    /// <summary>A reference to a thing: its identifier or its index.</summary>
    public static string Use(string?[] space, uint index) =>
        (index < (uint)space.Length ? space[index] : null) ?? index.ToString(CultureInfo.InvariantCulture);

    /// <summary>A reference to a local or field: its identifier or its index.</summary>
    public static string Use(Dictionary<uint, string> space, uint index) =>
        space.GetValueOrDefault(index) ?? index.ToString(CultureInfo.InvariantCulture);

    private string?[] Space(Module module, ExternalKind kind, int defined, Func<uint, string?> nameOf) =>
        Space((uint)(module.ImportCount(kind) + defined), nameOf);

    private string?[] Space(uint count, Func<uint, string?> nameOf)
    {
        taken.Clear();
        var space = new string?[count];
        for (uint i = 0; i < count; i++)
        {
            if (nameOf(i) is { Length: > 0 } name && taken.Add(name)) space[i] = TextLiteral.Identifier(name);
        }

        return space;
    }

    private Dictionary<uint, string> Sparse(IReadOnlyDictionary<uint, string> named)
    {
        taken.Clear();
        var space = new Dictionary<uint, string>(named.Count);
        foreach ((uint index, string name) in named)
        {
            if (name.Length > 0 && taken.Add(name)) space[index] = TextLiteral.Identifier(name);
        }

        return space;
    }
}
