using System.Formats.Tar;
using System.IO.Compression;
using Chain.Tests;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Tests;

public sealed class ModuleRoundTripTests
{
    [SharedFact("spec/core.tar.gz")]
    public void EveryReadableModuleOfTheSuiteIsWrittenBackToTheSameBytes()
    {
        int same = 0;
        foreach ((string name, byte[] bytes) in SpecArchive.Binaries("core"))
        {
            Module module;
            try
            {
                module = ModuleReader.Read(bytes, name);
            }
            catch (MalformedModuleException)
            {
                continue; // An assert_malformed module; the suite's runner counts those.
            }

            byte[] written = ModuleWriter.Write(module);
            Assert.True(bytes.AsSpan().SequenceEqual(written), $"{name} differs at byte {bytes.AsSpan().CommonPrefixLength(written)}");
            same++;
        }

        Assert.True(same > 5000, $"only {same} modules were readable");
    }
}

/// <summary>The converted suites of <c>../shared/spec</c>.</summary>
internal static class SpecArchive
{
    /// <summary>All <c>.wasm</c> files of a suite, by their path in the archive.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Binaries(string suite) =>
        Files(suite).Where(file => file.Name.EndsWith(".wasm", StringComparison.Ordinal));

    /// <summary>All files of a suite, by their path in the archive.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Files(string suite)
    {
        using FileStream file = File.OpenRead(Path.Combine(Places.Shared, "spec", suite + ".tar.gz"));
        using var tar = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) continue;
            var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            yield return (entry.Name, content.ToArray());
        }
    }
}
