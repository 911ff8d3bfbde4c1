using System.IO.Compression;
using System.Text;
using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Http;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>That what the host offers is of the types that WASI says.</summary>
public sealed class WasiInterfaceTests
{
    private static readonly byte[] AllImports = Read();

    [Theory]
    [InlineData("@0.2.12")]
    [InlineData("@0.2.99")]
    public void EveryFunctionOfWasiIsOfferedWithItsType(string version)
    {
        // Each name is that long wherever it stands.
        byte[] bytes = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(AllImports).Replace("@0.2.12", version, StringComparison.Ordinal));
        var engine = new ManagedEngine();
        CompiledComponent component = CompiledComponent.Compile(engine, ComponentReader.Read(bytes, "all-imports.wasm"));
        PreparedComponent prepared = new ComponentLinker(engine).Add(WasiInterfaces.Command).Add(HttpInterfaces.All).Prepare(component);
        using var store = new ComponentStore(engine);
        store.Add(new WasiState(new WasiOptions()));
        prepared.Instantiate(store);

        string[] imported = [.. Functions(component, version)];
        string[] offered = [.. WasiInterfaces.Command.Concat(HttpInterfaces.All)
            .SelectMany(host => host.Functions.Keys.Select(name => $"{host.Name} {name}"))
            .Select(name => name.Replace("@" + WasiInterfaces.Version, version, StringComparison.Ordinal))];

        // Nothing is missing, and nothing has a name that WASI does not know.
        Assert.Equal(imported.Order(StringComparer.Ordinal), offered.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Functions(CompiledComponent component, string version)
    {
        foreach (NamedExtern import in component.Context.Type.Imports)
        {
            Assert.EndsWith(version, import.Name);
            foreach (NamedExtern export in ((InstanceExtern)import.Type).Instance.Exports.Where(export => export.Type is FuncExtern))
                yield return $"{import.Name} {export.Name}";
        }
    }

    private static byte[] Read()
    {
        using FileStream file = File.OpenRead(Path.Combine(Places.Repository, "tests", "Wasm.Tests", "Wasi", "all-imports.wasm.gz"));
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        var bytes = new MemoryStream();
        unpacked.CopyTo(bytes);
        return bytes.ToArray();
    }
}
