using System.Text.Json;
using Chain.Cli.Components;
using Chain.Cli.Wasm;
using Chain.Cli.Wasm.Spec;
using Chain.Tests;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Cli.Tests.Components;

/// <summary>The samples whose functions are called, each case as <c>expected.json</c> says.</summary>
public sealed class SampleCallTests
{
    private static readonly string Folder = Path.Combine(Places.Shared, "samples");

    [SharedTheory("samples")]
    [InlineData("c/ops-component.wasm")]
    [InlineData("rust/ops-rs-component.wasm")]
    [InlineData("js/hello-qjs.wasm")]
    [InlineData("js/hello-js-pure.wasm")]
    public void ASampleAnswersEveryCall(string name)
    {
        JsonElement sample = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json"))).RootElement
            .GetProperty("components").EnumerateArray().Single(one => one.GetProperty("component").GetString() == name);
        string file = sample.TryGetProperty("file", out JsonElement packed) ? packed.GetString()! : name;
        Engine engine = Engines.Create();
        CompiledComponent component = ComponentFile.Compile(Path.Combine(Folder, file), engine);
        JsonElement[] cases = [.. sample.GetProperty("cases").EnumerateArray()];
        Assert.NotEmpty(cases);
        int answered = GuestThread.Run(new StoreLimits(), () =>
        {
            using var store = new ComponentStore(engine);
            ComponentInstance instance = new ComponentLinker(engine).Prepare(component).Instantiate(store);
            foreach (JsonElement one in cases) AssertAnswer(instance, one);
            // The same again, from where it began.
            instance.Reset();
            foreach (JsonElement one in cases) AssertAnswer(instance, one);
            return cases.Length;
        });
        Assert.Equal(cases.Length, answered);
    }

    private static void AssertAnswer(ComponentInstance instance, JsonElement one)
    {
        string? place = one.TryGetProperty("interface", out JsonElement name) ? name.GetString() : null;
        ComponentFunction function = instance.GetFunction(place, one.GetProperty("function").GetString()!);
        ComponentValue? expected = one.TryGetProperty("result", out JsonElement result) ? ComponentValues.Parse(result) : null;
        ComponentValue? found = function.Invoke([.. one.GetProperty("args").EnumerateArray().Select(ComponentValues.Parse)]);
        Assert.True(expected == found, $"{one}: expected {ComponentValues.Describe(expected)}, found {ComponentValues.Describe(found)}");
    }
}
