using System.Text;
using System.Text.Json;
using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Filesystem;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>The commands among the samples (<c>../shared/samples/README.md</c>), as their <c>expected.json</c> says.</summary>
public sealed class CommandSampleTests
{
    [SharedTheory("samples/expected.json")]
    [InlineData("c/hello-p1-component.wasm")]
    [InlineData("c/hello-p2.wasm")]
    [InlineData("rust/hello-rs-p2-component.wasm")]
    public void ACommandBehavesAsItDidElsewhere(string component)
    {
        string samples = Path.Combine(Places.Shared, "samples");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(samples, "expected.json")));
        JsonElement sample = expected.RootElement.GetProperty("components").EnumerateArray()
            .Single(one => one.GetProperty("component").GetString() == component);
        var engine = new ManagedEngine();
        PreparedComponent prepared = new ComponentLinker(engine).Add(WasiInterfaces.Command)
            .Prepare(CompiledComponent.Compile(engine, ComponentReader.Read(File.ReadAllBytes(Path.Combine(samples, component)), component)));
        JsonElement[] cases = [.. sample.GetProperty("cases").EnumerateArray()];
        Assert.NotEmpty(cases);
        foreach (JsonElement one in cases) Check(prepared, one);
    }

    private static void Check(PreparedComponent prepared, JsonElement one)
    {
        using var directory = new TemporaryDirectory();
        using MemoryStream output = new(), error = new();
        var options = new WasiOptions
        {
            Arguments = [.. one.GetProperty("args").EnumerateArray().Select(argument => argument.GetString()!)],
            Environment = [.. one.GetProperty("env").EnumerateObject().Select(pair => KeyValuePair.Create(pair.Name, pair.Value.GetString()!))],
            Input = new MemoryStream(Encoding.UTF8.GetBytes(one.GetProperty("stdin").GetString()!)),
            Output = output,
            Error = error,
            Preopens = one.TryGetProperty("preopens", out JsonElement preopens) ? Preopens(directory, preopens) : [],
        };
        using var store = new ComponentStore(prepared.Component.Engine);
        store.SetDeadline(TimeSpan.FromSeconds(60));
        store.Add(new WasiState(options));
        int exit;
        try
        {
            Func<Result<Unit, Unit>> run = prepared.Instantiate(store).GetFunction("wasi:cli/run@0.2.0", "run").CreateDelegate<Func<Result<Unit, Unit>>>();
            exit = run().IsError ? 1 : 0;
        }
        catch (GuestExitException ended)
        {
            exit = ended.ExitCode;
        }

        Assert.Equal(one.GetProperty("stdout").GetString(), Encoding.UTF8.GetString(output.ToArray()));
        Assert.Equal(one.GetProperty("stderr").GetString(), Encoding.UTF8.GetString(error.ToArray()));
        Assert.Equal(one.GetProperty("exit").GetInt32(), exit);
    }

    private static List<Preopen> Preopens(TemporaryDirectory directory, JsonElement preopens)
    {
        var all = new List<Preopen>();
        foreach (JsonProperty preopen in preopens.EnumerateObject())
        {
            string path = directory.Create($"preopen{all.Count}");
            foreach (JsonProperty file in preopen.Value.EnumerateObject()) File.WriteAllText(Path.Combine(path, file.Name), file.Value.GetString());
            all.Add(Preopen.Writable(path, preopen.Name));
        }

        return all;
    }
}
