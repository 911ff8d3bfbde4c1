using System.IO.Compression;
using System.Text.Json;
using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Tests;

/// <summary>
/// The verdicts of the specification's own suite (<c>../shared/spec/README.md</c>). No module is excepted: the two tags with results that
/// tools with the stack-switching proposal take are rejected, as 3.0 wants it.
/// </summary>
public sealed class ValidationSuiteTests
{
    [SharedFact("spec/core.tar.gz")]
    public void TheSuitesModulesAreJudgedAsItSays()
    {
        Dictionary<string, byte[]> files = SpecArchive.Files("core").ToDictionary(file => file.Name, file => file.Bytes);
        var registry = new TypeRegistry();
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
                string? error = Judge(files[file], file, registry);
                bool valid = type is not ("assert_invalid" or "assert_malformed");
                if (valid != (error is null))
                    wrong.Add($"{file} line {command.GetProperty("line")}, {type}: {error ?? "taken"}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join('\n', wrong.Take(60))}");
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["module"] = 2242,
                ["module_definition"] = 6,
                ["assert_invalid"] = 2712,
                ["assert_malformed"] = 711,
                ["assert_unlinkable"] = 200,
                ["assert_uninstantiable"] = 54,
            }.OrderBy(count => count.Key),
            counts.OrderBy(count => count.Key));
    }

    [SharedFact("spec/core.tar.gz")]
    public void AMutatedModuleIsValidOrRefusedWithAnOffset()
    {
        const int seed = 20_260_617;
        const int mutants = 20_000;
        byte[][] modules = [.. SpecArchive.Binaries("core").Select(file => file.Bytes).Where(bytes => bytes.Length is > 8 and < 20_000)];
        var random = new Random(seed);
        var registry = new TypeRegistry();
        int valid = 0;
        int invalid = 0;
        for (int i = 0; i < mutants; i++)
        {
            byte[] mutant = [.. modules[random.Next(modules.Length)]];
            for (int changes = random.Next(1, 4); changes > 0; changes--) mutant[random.Next(8, mutant.Length)] = Mutate(mutant, random);
            try
            {
                ModuleValidator.Validate(ModuleReader.Read(mutant, "mutant"), registry);
                valid++;
            }
            catch (WasmException rejection)
            {
                Assert.InRange(rejection.Offset, 0, mutant.Length);
                if (rejection is InvalidModuleException) invalid++;
            }
        }

        // Both verdicts must be common, or the mutants would show little.
        Assert.True(valid > mutants / 20 && invalid > mutants / 10, $"{valid} valid, {invalid} invalid");
    }

    [SharedFact("samples")]
    public void EveryCoreModuleOfTheSamplesIsValid()
    {
        int modules = 0;
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Places.Shared, "samples"), "*", SearchOption.AllDirectories))
        {
            if (!path.EndsWith(".wasm", StringComparison.Ordinal) && !path.EndsWith(".wasm.gz", StringComparison.Ordinal)) continue;
            foreach (byte[] module in CoreModules(ReadSample(path)))
            {
                ModuleValidator.Validate(ModuleReader.Read(module, path));
                modules++;
            }
        }

        Assert.True(modules >= 8, $"only {modules} modules in the samples");
    }

    private static byte[] ReadSample(string path)
    {
        using FileStream file = File.OpenRead(path);
        using Stream content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    // A component holds core modules in its sections 1, and components in its sections 4.
    private static IEnumerable<byte[]> CoreModules(byte[] bytes)
    {
        if (!ModuleReader.IsComponent(bytes)) return [bytes];
        var modules = new List<byte[]>();
        var reader = new WasmReader(bytes, 0, "sample") { Position = 8 };
        while (!reader.AtEnd)
        {
            byte id = reader.ReadByte();
            ReadOnlySpan<byte> content = reader.ReadBytes(reader.ReadUnsigned32());
            if (id is 1 or 4) modules.AddRange(CoreModules(content.ToArray()));
        }

        return modules;
    }

    // Another byte of the same module is more often an opcode or a type than a random one is.
    private static byte Mutate(byte[] module, Random random) =>
        random.Next(2) == 0 ? module[random.Next(module.Length)] : (byte)random.Next(256);

    private static string? BinaryOf(JsonElement command)
    {
        if (!command.TryGetProperty("module_type", out JsonElement type)) return null;
        string property = type.GetString() == "binary" ? "filename" : "binary_filename";
        return command.TryGetProperty(property, out JsonElement name) ? name.GetString() : null;
    }

    private static string? Judge(byte[] bytes, string name, TypeRegistry registry)
    {
        try
        {
            ModuleValidator.Validate(ModuleReader.Read(bytes, name), registry);
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
