namespace Chain.Wasm.Binary;

/// <summary>
/// The <c>name</c> custom section (core specification, appendix "Custom Sections"). It is for people only, so a damaged one counts as
/// far as it could be read.
/// </summary>
public sealed class NameSection
{
    private readonly Dictionary<uint, string> functions = [];

    private NameSection()
    {
    }

    /// <summary>The module's own name.</summary>
    public string? Module { get; private set; }

    /// <summary>The name of a function, or <see langword="null"/>.</summary>
    public string? Function(uint index) => functions.GetValueOrDefault(index);

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

    private void ReadSubsections(WasmReader reader)
    {
        while (!reader.AtEnd)
        {
            byte id = reader.ReadByte();
            uint size = reader.ReadUnsigned32();
            int end = checked(reader.Position + (int)Math.Min(size, int.MaxValue / 2));
            if (id == 0)
            {
                Module = reader.ReadName();
            }
            else if (id == 1)
            {
                int count = reader.ReadCount("names");
                for (int i = 0; i < count; i++)
                {
                    uint index = reader.ReadUnsigned32();
                    functions[index] = reader.ReadName();
                }
            }

            if (reader.Position > end) return;
            reader.Position = end;
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
