using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Tests.Components.Runtime;

public sealed class LinkingTests
{
    [Theory]
    [InlineData("test:a/b@0.2.0", "test:a/b@0.2.3")]
    [InlineData("test:a/b@0.2.3", "test:a/b@0.2.0")]
    [InlineData("test:a/b@0.2.3+build.7", "test:a/b@0.2.0")]
    [InlineData("test:a/b@1.0.0", "test:a/b@1.7.2")]
    [InlineData("test:a/b@0.2.0-rc-1", "test:a/b@0.2.0-rc-1")]
    [InlineData("test:a/b", "test:a/b")]
    public void AnImportIsMetByACompatibleVersion(string import, string offer)
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance instance = new ComponentLinker(Guest.Managed).Add(Interface(offer, 7)).Prepare(Importing(import)).Instantiate(store);
        Assert.Equal(7u, Call(instance, "f0"));
    }

    [Theory]
    [InlineData("test:a/b@0.3.0", "there is test:a/b@0.2.3, which is not compatible")]
    [InlineData("test:a/b@1.2.3", "there is test:a/b@0.2.3, which is not compatible")]
    [InlineData("test:a/b@0.2.3-rc.1", "there is test:a/b@0.2.3, which is not compatible")]
    [InlineData("test:a/b", "there is test:a/b@0.2.3, which is not compatible")]
    [InlineData(
        "test:a/c@0.2.3", "the host does not offer it, and no component is linked that exports 'test:a/c@0.2.3', or another version of test:a/c@0.2")]
    public void AnUnmetImportIsNamedInOneLine(string import, string why)
    {
        ComponentLinker linker = new ComponentLinker(Guest.Managed).Add(Interface("test:a/b@0.2.3", 7));
        var error = Assert.Throws<ComponentLinkException>(() => linker.Prepare(Importing(import)));
        Assert.Equal($"built: unmet import \"{import}\" (instance): {why}", error.Message);
    }

    [Fact]
    public void SeveralVersionsOfOneInterfaceAreImportedAtOnce()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance instance = new ComponentLinker(Guest.Managed)
            .Add(Interface("test:a/b@0.2.1", 21)).Add(Interface("test:a/b@0.2.10", 210)).Add(Interface("test:a/b@0.3.0", 30))
            .Prepare(Importing("test:a/b@0.2.1", "test:a/b@0.2.5", "test:a/b@0.3.1")).Instantiate(store);

        // The very version where it is there, else the latest that is compatible.
        Assert.Equal([21u, 210u, 30u], [Call(instance, "f0"), Call(instance, "f1"), Call(instance, "f2")]);
    }

    [Fact]
    public void AnInstanceMeetsTheImportsOfAnother()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = new ComponentLinker(Guest.Managed).Prepare(Exporting("test:a/b@0.2.4", 11)).Instantiate(store);
        PreparedComponent user = new ComponentLinker(Guest.Managed).Add(Interface("test:a/b@0.2.0", 7)).Add(provider).Prepare(Importing("test:a/b@0.2.0"));
        Assert.Equal(11u, Call(user.Instantiate(store), "f0"));

        using var other = new ComponentStore(Guest.Managed);
        Assert.Throws<ArgumentException>(() => user.Instantiate(other));
        ComponentInstance stranger = new ComponentLinker(Guest.Managed).Prepare(Exporting("test:a/c@0.1.0", 11)).Instantiate(other);
        Assert.Throws<ArgumentException>(() => new ComponentLinker(Guest.Managed).Add(provider).Add(stranger));
    }

    [Fact]
    public void WhatAnInstanceOffersMustFit()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = ValuePropertyTests.Instantiate(
            EchoComponents.InMemory(PrimitiveType.Of(PrimitiveKind.U8), CanonOptionKind.Utf8), store);
        var error = Assert.Throws<ComponentLinkException>(() => ValuePropertyTests.Instantiate(
            EchoComponents.ForwardInMemory(PrimitiveType.Of(PrimitiveKind.U16), CanonOptionKind.Utf8), store, provider));
        Assert.StartsWith("forward: unmet import \"f\" (func): what is there under 'f' does not fit: ", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void AFunctionOfTheHostMustFit()
    {
        CompiledComponent component = Importing("test:a/b");
        var missing = Assert.Throws<ComponentLinkException>(() =>
            new ComponentLinker(Guest.Managed).Add(new HostInterface("test:a/b")).Prepare(component));
        Assert.Equal("built: unmet import \"test:a/b\" (instance): the host's test:a/b has no function 'f'", missing.Message);
        var other = Assert.Throws<ComponentLinkException>(() =>
            new ComponentLinker(Guest.Managed).Add(new HostInterface("test:a/b").Function("f", () => "text")).Prepare(component));
        Assert.Equal("built: unmet import \"test:a/b\" (instance): the host's 'f' is of another type: String cannot stand for u32", other.Message);
    }

    [Fact]
    public void ACoreModuleIsNoComponent()
    {
        var error = Assert.Throws<MalformedComponentException>(() => ComponentReader.Read(GuestModule.Heap, "heap.wasm"));
        Assert.Contains("this is a core module; expected a component", error.Message);
    }

    [Fact]
    public void AStoreOfAnotherEngineIsRefused()
    {
        using var store = new ComponentStore(new Chain.Wasm.Execution.Managed.ManagedEngine());
        Assert.Throws<ArgumentException>(() => new ComponentLinker(Guest.Managed).Prepare(Exporting("test:a/b", 1)).Instantiate(store));
    }

    private static HostInterface Interface(string name, uint result) => new HostInterface(name).Function("f", () => result);

    private static uint Call(ComponentInstance instance, string function) => instance.GetFunction(null, function).CreateDelegate<Func<uint>>()();

    /// <summary>Imports interfaces with <c>f: func() -> u32</c> and exports their functions as <c>f0</c>, <c>f1</c> and so on.</summary>
    private static CompiledComponent Importing(params string[] interfaces)
    {
        var builder = new ComponentBuilder();
        FuncExpression function = new(false, [], ComponentBuilder.Use(PrimitiveKind.U32));
        uint own = builder.Type(function);
        for (int i = 0; i < interfaces.Length; i++)
        {
            uint type = builder.Type(new InstanceExpression(
                [new TypeDefinition(function, 0), new ExportDeclaration(new ExternName(0, "f", []), new ExternTypeUse(new AnySort(Sort.Func), 0), 0)]));
            uint imported = builder.Alias(Sort.Func, builder.Import(interfaces[i], Sort.Instance, type), "f");
            GuestModule module = new GuestModule(("f", [], GuestModule.I32)).Function($"f{i}", [], GuestModule.I32, [Guest.Call, 1, Guest.End]);
            builder.LiftExport(builder.Core(module, ("f", builder.Lower(imported))), $"f{i}", own);
        }

        return builder.Compile();
    }

    private static CompiledComponent Exporting(string name, int result)
    {
        var builder = new ComponentBuilder();
        uint core = builder.Core(new GuestModule().Function("f", [], GuestModule.I32, [.. Guest.Const(result), Guest.End]));
        uint lifted = builder.Lift(builder.CoreAlias(CoreSort.Func, core, "f"), builder.Function([], ComponentBuilder.Use(PrimitiveKind.U32)));
        builder.Export(name, Sort.Instance, builder.Exports(("f", Sort.Func, lifted)));
        return builder.Compile("provider");
    }
}
