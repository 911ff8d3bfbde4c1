namespace Chain.Wasm.Binary;

/// <summary>
/// The <c>name</c> custom section (core specification, appendix "Custom Sections"), with the index spaces that tools write besides
/// functions and locals. It is for people only, so a damaged one counts as far as it could be read.
/// </summary>
public sealed class NameSection
{
    private static readonly IReadOnlyDictionary<uint, string> None = new Dictionary<uint, string>();

    private readonly Dictionary<uint, string> functions = [];
    private readonly Dictionary<Subsection, Dictionary<uint, string>> spaces = [];
    private readonly Dictionary<uint, Dictionary<uint, string>> locals = [];
    private readonly Dictionary<uint, Dictionary<uint, string>> fields = [];

    private NameSection()
    {
    }

    // Past 2 they are those of the extended name section proposal and of garbage collection.
    private enum Subsection : byte
    {
        Module = 0,
        Function = 1,
        Local = 2,
        Label = 3,
        Type = 4,
        Table = 5,
        Memory = 6,
        Global = 7,
        Element = 8,
        Data = 9,
        Field = 10,
        Tag = 11,
    }

    /// <summary>The module's own name.</summary>
    public string? Module { get; private set; }

    public IReadOnlyDictionary<uint, string> Types => Space(Subsection.Type);

    public IReadOnlyDictionary<uint, string> Tables => Space(Subsection.Table);

    public IReadOnlyDictionary<uint, string> Memories => Space(Subsection.Memory);

    public IReadOnlyDictionary<uint, string> Globals => Space(Subsection.Global);

    public IReadOnlyDictionary<uint, string> Elements => Space(Subsection.Element);

    public IReadOnlyDictionary<uint, string> Data => Space(Subsection.Data);

    public IReadOnlyDictionary<uint, string> Tags => Space(Subsection.Tag);

    /// <summary>The name of a function, or <see langword="null"/>.</summary>
    public string? Function(uint index) => functions.GetValueOrDefault(index);

    /// <summary>The names of a function's parameters and locals, by local index.</summary>
    public IReadOnlyDictionary<uint, string> Locals(uint function) => locals.GetValueOrDefault(function) ?? None;

    /// <summary>The names of a structure type's fields, by field index.</summary>
    public IReadOnlyDictionary<uint, string> Fields(uint type) => fields.GetValueOrDefault(type) ?? None;

    internal static NameSection Read(Module module)
    {
        var names = new NameSection();
        foreach (CustomSection section in module.CustomSections)
        {
            if (section.Name != "name") continue;
            try
            {
                names.ReadSubsections(new WasmReader(section.Content.Span, section.Offset, module.DisplayName));
            }
            catch (MalformedModuleException)
            {
                // What was read before the damage is still of use to a reader of messages.
            }
        }

        names.AddExports(module);
        return names;
    }

    private IReadOnlyDictionary<uint, string> Space(Subsection id) => spaces.GetValueOrDefault(id) ?? None;

    private void ReadSubsections(WasmReader reader)
    {
        while (!reader.AtEnd)
        {
            var id = (Subsection)reader.ReadByte();
            uint size = reader.ReadUnsigned32();
            int end = checked(reader.Position + (int)Math.Min(size, int.MaxValue / 2));
            switch (id)
            {
                case Subsection.Module: Module = reader.ReadName(); break;
                case Subsection.Function: ReadNames(ref reader, functions); break;
                case Subsection.Local: ReadIndirectNames(ref reader, locals); break;
                case Subsection.Field: ReadIndirectNames(ref reader, fields); break;
                case >= Subsection.Type and <= Subsection.Tag:
                    if (!spaces.TryGetValue(id, out Dictionary<uint, string>? space)) spaces[id] = space = [];
                    ReadNames(ref reader, space);
                    break;
            }

            if (reader.Position > end) return;
            reader.Position = end;
        }
    }

    private static void ReadNames(ref WasmReader reader, Dictionary<uint, string> names)
    {
        int count = reader.ReadCount("names");
        for (int i = 0; i < count; i++)
        {
            uint index = reader.ReadUnsigned32();
            names[index] = reader.ReadName();
        }
    }

    private static void ReadIndirectNames(ref WasmReader reader, Dictionary<uint, Dictionary<uint, string>> groups)
    {
        int count = reader.ReadCount("groups of names");
        for (int i = 0; i < count; i++)
        {
            uint index = reader.ReadUnsigned32();
            if (!groups.TryGetValue(index, out Dictionary<uint, string>? names)) groups[index] = names = [];
            ReadNames(ref reader, names);
        }
    }

    // A stripped module still names what it exports.
    private void AddExports(Module module)
    {
        foreach (Export export in module.Exports)
        {
            if (export.Kind == ExternalKind.Function) functions.TryAdd(export.Index, export.Name);
        }
    }
}
