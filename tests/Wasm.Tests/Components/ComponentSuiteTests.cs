using System.IO.Compression;
using System.Text.Json;
using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Tests.Components;

/// <summary>The verdicts of the Component Model's own suite (<c>../shared/spec/README.md</c>) about binaries.</summary>
public sealed class ComponentSuiteTests
{
    [SharedFact("spec/component.tar.gz")]
    public void TheSuitesComponentsAreJudgedAsItSays()
    {
        Dictionary<string, byte[]> files = SpecArchive.Files("component").ToDictionary(file => file.Name, file => file.Bytes);
        var counts = new Dictionary<string, int>();
        var wrong = new List<string>();
        foreach ((string path, byte[] json) in files.Where(file => file.Key.EndsWith(".json", StringComparison.Ordinal)))
        {
            using JsonDocument script = JsonDocument.Parse(json);
            foreach (JsonElement command in script.RootElement.GetProperty("commands").EnumerateArray())
            {
                string type = command.GetProperty("type").GetString()!;
                if (BinaryOf(command) is not { } name) continue;
                string file = path[..(path.LastIndexOf('/') + 1)] + name;
                counts[type] = counts.GetValueOrDefault(type) + 1;
                string? error = Judge(files[file], file);
                bool valid = type is not ("assert_invalid" or "assert_malformed");
                if (valid != (error is null))
                {
                    string text = command.TryGetProperty("text", out JsonElement expected) ? $" ({expected})" : "";
                    wrong.Add($"{file} line {command.GetProperty("line")}, {type}{text}: {error ?? "taken"}");
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join('\n', wrong.Take(60))}");
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["component"] = 196,
                ["component_definition"] = 89,
                ["assert_invalid"] = 380,
                ["assert_malformed"] = 70,
                ["assert_uninstantiable"] = 2,
            }.OrderBy(count => count.Key),
            counts.OrderBy(count => count.Key));
    }

    [SharedFact("spec/component.tar.gz")]
    public void EveryReadableComponentOfTheSuiteIsWrittenBackToTheSameBytes()
    {
        int same = 0;
        foreach ((string name, byte[] bytes) in SpecArchive.Binaries("component"))
        {
            Component component;
            try
            {
                component = ComponentReader.Read(bytes, name);
            }
            catch (WasmException e) when (e is MalformedComponentException or MalformedModuleException)
            {
                continue; // Not a component at all; the verdicts above count those.
            }

            byte[] written = ComponentWriter.Write(component);
            Assert.True(bytes.AsSpan().SequenceEqual(written), $"{name} differs at byte {bytes.AsSpan().CommonPrefixLength(written)}");
            same++;
        }

        Assert.True(same > 600, $"only {same} components were readable");
    }

    [SharedFact("samples")]
    public void EverySampleIsValidAndWrittenBackToTheSameBytes()
    {
        int samples = 0;
        foreach ((string path, byte[] bytes) in ComponentSamples.All())
        {
            Component component = ComponentReader.Read(bytes, path);
            ComponentValidator.Validate(component);
            Assert.True(bytes.AsSpan().SequenceEqual(ComponentWriter.Write(component)), $"{path} is written differently");
            samples++;
        }

        Assert.Equal(8, samples);
    }

    [SharedFact("spec/component.tar.gz")]
    public void AMutatedComponentIsValidOrRefusedInOneLine()
    {
        const int seed = 20_260_821;
        const int mutants = 5_000;
        byte[][] components = [.. SpecArchive.Binaries("component").Select(file => file.Bytes).Where(bytes => bytes.Length is > 16 and < 4_000)];
        var random = new Random(seed);
        int valid = 0;
        int refused = 0;
        for (int i = 0; i < mutants; i++)
        {
            byte[] mutant = [.. components[random.Next(components.Length)]];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                mutant[random.Next(8, mutant.Length)] = random.Next(2) == 0 ? mutant[random.Next(mutant.Length)] : (byte)random.Next(256);
            if (Judge(mutant, "mutant") is null) valid++;
            else refused++;
        }

        // Both verdicts must be common, or the mutants would show little.
        Assert.True(valid > mutants / 50 && refused > mutants / 10, $"{valid} valid, {refused} refused");
    }

    private static string? BinaryOf(JsonElement command)
    {
        if (!command.TryGetProperty("module_type", out JsonElement type)) return null;
        string property = type.GetString() == "binary" ? "filename" : "binary_filename";
        return command.TryGetProperty(property, out JsonElement name) ? name.GetString() : null;
    }

    private static string? Judge(byte[] bytes, string name)
    {
        try
        {
            ComponentValidator.Validate(ComponentReader.Read(bytes, name));
            return null;
        }
        catch (WasmException rejection)
        {
            Assert.InRange(rejection.Offset, 0, bytes.Length);
            Assert.Contains(name, rejection.Message);
            Assert.DoesNotContain('\n', rejection.Message);
            return rejection.Message;
        }
    }
}

/// <summary>The components of <c>../shared/samples</c>, unpacked.</summary>
internal static class ComponentSamples
{
    public static IEnumerable<(string Path, byte[] Bytes)> All()
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Places.Shared, "samples"), "*", SearchOption.AllDirectories).Order())
        {
            if (path.EndsWith(".wasm", StringComparison.Ordinal)) yield return (path, File.ReadAllBytes(path));
            if (!path.EndsWith(".wasm.gz", StringComparison.Ordinal)) continue;
            using var content = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            var bytes = new MemoryStream();
            content.CopyTo(bytes);
            yield return (path, bytes.ToArray());
        }
    }
}
