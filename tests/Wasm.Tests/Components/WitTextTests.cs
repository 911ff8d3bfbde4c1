using System.Text.RegularExpressions;
using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Tests.Components;

public sealed partial class WitTextTests
{
    [SharedTheory("samples")]
    [InlineData("c/hello-p1-component.wasm", "c/hello-p1-component.wit")]
    [InlineData("c/hello-p2.wasm", "c/hello-p2.wit")]
    [InlineData("rust/hello-rs-p2-component.wasm", "rust/hello-rs-p2-component.wit")]
    [InlineData("http/http-js.wasm.gz", "http/http-js.wit")]
    public void TheTextOfASampleIsThatOfWasmTools(string component, string wit)
    {
        string folder = Path.Combine(Places.Shared, "samples");
        string found = Print(ComponentSamples.All().Single(sample => sample.Path == Path.Combine(folder, component)).Bytes);
        string expected = File.ReadAllText(Path.Combine(folder, wit));
        Assert.Equal(Normalize(expected), Normalize(found));
    }

    [SharedTheory("samples")]
    [InlineData("c/ops-component.wasm")]
    [InlineData("rust/ops-rs-component.wasm")]
    [InlineData("js/hello-js-pure.wasm.gz")]
    public void AnExportedInterfaceIsPrintedWhole(string component)
    {
        string folder = Path.Combine(Places.Shared, "samples");
        string found = Print(ComponentSamples.All().Single(sample => sample.Path == Path.Combine(folder, component)).Bytes);
        const string expected = """
            package root:component;
            world root { export demo:greet/ops; }
            package demo:greet {
              interface ops {
                record item { name: string, qty: u32, }
                greet: func(name: string) -> string;
                total: func(items: list<item>) -> u32;
              }
            }
            """;
        Assert.Equal(Normalize(expected), Normalize(found));
    }

    private static string Print(byte[] bytes)
    {
        ComponentContext context = ComponentValidator.Validate(ComponentReader.Read(bytes, "sample"));
        var text = new StringWriter();
        new WitText(context.Type).Write(text);
        return text.ToString();
    }

    // Lines as they are, without blanks at their ends and without comments, so that a difference shows where it is.
    private static string Normalize(string text) => Blanks().Replace(Comments().Replace(text, ""), " ").Trim().Replace("; ", ";\n").Replace("{ ", "{\n").Replace("} ", "}\n");

    [GeneratedRegex("//.*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
