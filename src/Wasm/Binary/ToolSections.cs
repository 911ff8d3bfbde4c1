namespace Chain.Wasm.Binary;

/// <summary>One field of a <c>producers</c> section: what a toolchain says of itself.</summary>
/// <param name="Name"><c>language</c>, <c>processed-by</c> or <c>sdk</c>, as the module says it.</param>
/// <param name="Values">Each tool with its version.</param>
public sealed record ProducersField(string Name, IReadOnlyList<(string Name, string Version)> Values);

/// <summary>The custom sections of the tool conventions that say how a module was made.</summary>
public static class ToolSections
{
    /// <summary>The <c>producers</c> section, or nothing where there is none or it is damaged.</summary>
    public static IReadOnlyList<ProducersField> Producers(Module module) => Producers(module.CustomSections, module.DisplayName);

    /// <summary>The first <c>producers</c> section among custom sections, or nothing where there is none or it is damaged.</summary>
    public static IReadOnlyList<ProducersField> Producers(IEnumerable<CustomSection> sections, string displayName) =>
        Read(sections, displayName, "producers", ReadProducers) ?? [];

    /// <summary>The <c>target_features</c> section as <c>+simd128</c> and the like, or nothing where there is none or it is damaged.</summary>
    public static IReadOnlyList<string> TargetFeatures(Module module) => Read(module.CustomSections, module.DisplayName, "target_features", ReadFeatures) ?? [];

    private delegate T Reading<T>(ref WasmReader reader);

    private static T? Read<T>(IEnumerable<CustomSection> sections, string displayName, string name, Reading<T> reading)
        where T : class
    {
        foreach (CustomSection section in sections)
        {
            if (section.Name != name) continue;
            var reader = new WasmReader(section.Content.Span, section.Offset, displayName);
            try
            {
                return reading(ref reader);
            }
            catch (MalformedModuleException)
            {
                // A custom section is no part of the module's meaning; damage in it is no reason to refuse the rest.
                return null;
            }
        }

        return null;
    }

    private static ProducersField[] ReadProducers(ref WasmReader reader)
    {
        var fields = new ProducersField[reader.ReadCount("fields")];
        for (int i = 0; i < fields.Length; i++)
        {
            string name = reader.ReadName();
            var values = new (string, string)[reader.ReadCount("values")];
            for (int j = 0; j < values.Length; j++) values[j] = (reader.ReadName(), reader.ReadName());
            fields[i] = new ProducersField(name, values);
        }

        return fields;
    }

    private static string[] ReadFeatures(ref WasmReader reader)
    {
        var features = new string[reader.ReadCount("features")];
        for (int i = 0; i < features.Length; i++)
        {
            char prefix = (char)reader.ReadByte();
            features[i] = prefix + reader.ReadName();
        }

        return features;
    }
}
