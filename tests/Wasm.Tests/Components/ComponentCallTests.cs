using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution.Managed;
using Xunit;

namespace Chain.Wasm.Tests.Components;

public sealed class ComponentCallTests
{
    private static readonly ManagedEngine Engine = new();

    [SharedFact("samples")]
    public void AnExportIsCalledWithTrees()
    {
        using var store = new ComponentStore(Engine);
        ComponentInstance instance = Instantiate("c/ops-component.wasm", store);

        ComponentValue? greeting = instance.GetFunction("demo:greet/ops", "greet").Invoke(new StringValue("Zoë 😀"));
        ComponentValue? total = instance.GetFunction("demo:greet/ops", "total").Invoke(new ListValue([Item("a", 2), Item("b", 5)]));

        Assert.Equal(new StringValue("hello Zoë 😀"), greeting);
        Assert.Equal(new IntegerValue(PrimitiveKind.U32, 7), total);
    }

    [SharedFact("samples")]
    public void AnExportIsCalledThroughADelegate()
    {
        using var store = new ComponentStore(Engine);
        ComponentInstance instance = Instantiate("rust/ops-rs-component.wasm", store);

        var greet = instance.GetFunction("demo:greet/ops", "greet").CreateDelegate<Func<string, string>>();
        var total = instance.GetFunction("demo:greet/ops", "total").CreateDelegate<Func<OrderLine[], uint>>();

        Assert.Equal("hello Zoë 😀", greet("Zoë 😀"));
        Assert.Equal(7u, total([new OrderLine("a", 2), new OrderLine("b", 5)]));
        instance.Reset();
        Assert.Equal("hello again", greet("again"));
    }

    private static RecordValue Item(string name, uint quantity) =>
        new([("name", new StringValue(name)), ("qty", new IntegerValue(PrimitiveKind.U32, quantity))]);

    private static ComponentInstance Instantiate(string sample, ComponentStore store)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Places.Shared, "samples", sample));
        CompiledComponent component = CompiledComponent.Compile(Engine, ComponentReader.Read(bytes, sample));
        return new ComponentLinker(Engine).Prepare(component).Instantiate(store);
    }

    private sealed record OrderLine(string Name, uint Qty);
}
