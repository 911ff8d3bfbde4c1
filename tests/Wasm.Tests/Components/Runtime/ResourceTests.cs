using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>Handles: <c>own</c>, <c>borrow</c>, destructors, and the traps about them.</summary>
public sealed class ResourceTests
{
    private const byte Make = 1, Peek = 2, Take = 3, Both = 4, Drop = 5, DropOther = 6, NewOther = 7;

    [Theory]
    [InlineData("passes a handle on", null)]
    [InlineData("drops what it owns", null)]
    [InlineData("drops a borrowed handle", null)]
    [InlineData("drops twice", "unknown handle index 1")]
    [InlineData("uses what it passed on", "unknown handle index 1")]
    [InlineData("uses an index that never was", "unknown handle index 99")]
    [InlineData("uses index zero", "unknown handle index 0")]
    [InlineData("uses a huge index", "unknown handle index 4294967295")]
    [InlineData("uses a handle of another type", "handle index 1 used with the wrong type")]
    [InlineData("drops as another type", "handle index 1 used with the wrong type")]
    [InlineData("lends and gives the same", "handle 1 (thing) cannot be passed on while it is borrowed")]
    [InlineData("passes a borrowed handle on as own", "handle 1 (thing) is borrowed; expected an owned one")]
    [InlineData("keeps a borrowed handle", "borrow handles still remain at the end of the call")]
    public void AGuestThat(string deed, string? trap)
    {
        byte[] code = deed switch
        {
            "passes a handle on" => [.. MakeOne, Guest.Get, 1, Guest.Call, Peek, Guest.Drop, Guest.Get, 1, Guest.Call, Take, Guest.Drop],
            "drops what it owns" => [.. MakeOne, Guest.Get, 1, Guest.Call, Drop],
            "drops a borrowed handle" or "keeps a borrowed handle" => [],
            "drops twice" => [.. MakeOne, Guest.Get, 1, Guest.Call, Drop, Guest.Get, 1, Guest.Call, Drop],
            "uses what it passed on" => [.. MakeOne, Guest.Get, 1, Guest.Call, Take, Guest.Drop, Guest.Get, 1, Guest.Call, Peek, Guest.Drop],
            "uses an index that never was" => [.. Guest.Const(99), Guest.Call, Peek, Guest.Drop],
            "uses index zero" => [.. Guest.Const(0), Guest.Call, Peek, Guest.Drop],
            "uses a huge index" => [.. Guest.Const(-1), Guest.Call, Peek, Guest.Drop],
            "uses a handle of another type" => [.. Guest.Const(5), Guest.Call, NewOther, Guest.Call, Peek, Guest.Drop],
            "drops as another type" => [.. MakeOne, Guest.Get, 1, Guest.Call, DropOther],
            "lends and gives the same" => [.. MakeOne, Guest.Get, 1, Guest.Get, 1, Guest.Call, Both],
            _ => [Guest.Get, 0, Guest.Call, Take, Guest.Drop],
        };
        bool borrows = deed.Contains("borrowed handle", StringComparison.Ordinal);
        if (deed is "drops a borrowed handle") code = [Guest.Get, 0, Guest.Call, Drop];
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = ValuePropertyTests.Instantiate(Provider(), store);
        ComponentInstance user = ValuePropertyTests.Instantiate(User(code, borrows), store, provider);

        void Run()
        {
            if (borrows) user.GetFunction(null, "run").Invoke(provider.GetFunction(null, "make").Invoke(Number(7))!);
            else user.GetFunction(null, "run").Invoke(Number(0));
        }

        if (trap is null) Run();
        else Assert.StartsWith("wasm trap: " + trap, Assert.Throws<ComponentTrapException>(Run).Message);
    }

    [Fact]
    public void ADestructorRunsOnceWhereverTheLastHandleIsDropped()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = ValuePropertyTests.Instantiate(Provider(), store);
        ComponentInstance user = ValuePropertyTests.Instantiate(User([.. MakeOne, Guest.Get, 1, Guest.Call, Drop], borrows: false), store, provider);

        user.GetFunction(null, "run").Invoke(Number(0));
        Assert.Equal((1, 7), Dropped(provider));

        var made = (GuestResource)((ResourceValue)provider.GetFunction(null, "make").Invoke(Number(9))!).Resource;
        Assert.True(made.IsOwned);
        made.Drop();
        Assert.Equal((2, 9), Dropped(provider));
        Assert.Throws<ArgumentException>(made.Drop);
        Assert.Equal((2, 9), Dropped(provider));

        // Its own code drops what it is given.
        provider.GetFunction(null, "take").Invoke(provider.GetFunction(null, "make").Invoke(Number(3))!);
        Assert.Equal((3, 3), Dropped(provider));
    }

    [Fact]
    public void AGuestsResourceInTheHandsOfTheHostIsOwnedUntilItIsPassedOn()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = ValuePropertyTests.Instantiate(Provider(), store);
        var make = provider.GetFunction(null, "make").CreateDelegate<Func<uint, GuestResource>>();
        var peek = provider.GetFunction(null, "peek").CreateDelegate<Func<GuestResource, uint>>();
        var take = provider.GetFunction(null, "take").CreateDelegate<Func<GuestResource, uint>>();
        GuestResource thing = make(5);

        Assert.Equal(5u, peek(thing));
        Assert.Equal(5u, peek(thing));
        Assert.Equal(5u, take(thing));
        Assert.Equal("thing#5 has been dropped or passed on", Assert.Throws<ArgumentException>(() => take(thing)).Message);
        Assert.Throws<ArgumentException>(() => peek(thing));

        // A mistake of the host's does not end the instance.
        GuestResource other = make(6);
        provider.Reset();
        Assert.Equal("thing#6 belongs to an instance that has been reset", Assert.Throws<ArgumentException>(() => peek(other)).Message);
        Assert.Equal(8u, peek(make(8)));
    }

    [Fact]
    public void ABorrowedResourceCannotBePassedOnAsOwn()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = ValuePropertyTests.Instantiate(Provider(), store);
        ComponentValue made = provider.GetFunction(null, "make").Invoke(Number(5))!;
        var borrowed = new ResourceValue(false, ((ResourceValue)made).Resource);

        Assert.StartsWith("expected an owned resource", Assert.Throws<ArgumentException>(() => provider.GetFunction(null, "take").Invoke(borrowed)).Message);
        Assert.Equal(Number(5), provider.GetFunction(null, "peek").Invoke(borrowed));
        Assert.Equal(Number(5), provider.GetFunction(null, "take").Invoke(made));
    }

    [Fact]
    public void TheHostsResourcesEndWithTheirLastOwnHandleWithAResetAndWithTheStore()
    {
        var things = new List<Thing>();
        HostInterface host = new HostInterface("").Resource<Thing>("thing")
            .Function("make", (uint number) => { things.Add(new Thing(number)); return things[^1]; })
            .Function("peek", (Thing thing) => thing.Number)
            .Function("take", (Thing thing) => { thing.Dispose(); return thing.Number; })
            .Function("both", (Thing _, Thing _) => { });
        byte[] code = [.. MakeOne, Guest.Get, 1, Guest.Call, Peek, Guest.Drop, Guest.Get, 0, Guest.If, Guest.Empty, Guest.Get, 1, Guest.Call, Drop, Guest.End];
        var store = new ComponentStore(Guest.Managed);
        ComponentInstance user = new ComponentLinker(Guest.Managed).Add(host).Prepare(User(code, borrows: false)).Instantiate(store);
        ComponentFunction run = user.GetFunction(null, "run");

        run.Invoke(Number(1));
        Assert.Equal([1], things.Select(thing => thing.Disposals));
        run.Invoke(Number(0));
        Assert.Equal([1, 0], things.Select(thing => thing.Disposals));
        user.Reset();
        Assert.Equal([1, 1], things.Select(thing => thing.Disposals));
        run.Invoke(Number(0));
        store.Dispose();
        Assert.Equal([1, 1, 1], things.Select(thing => thing.Disposals));
    }

    [Fact]
    public void AGuestCannotHoldHandlesWithoutEnd()
    {
        byte[] code = [Guest.Loop, Guest.Empty, .. Guest.Const(1), Guest.Call, NewOther, Guest.Drop, Guest.Br, 0, Guest.End];
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance provider = ValuePropertyTests.Instantiate(Provider(), store);
        ComponentInstance user = ValuePropertyTests.Instantiate(User(code, borrows: false), store, provider);
        var trap = Assert.Throws<ComponentTrapException>(() => user.GetFunction(null, "run").Invoke(Number(0)));
        Assert.Equal("wasm trap: the instance holds more than 1048576 handles", trap.Message);
    }

    private static byte[] MakeOne => [.. Guest.Const(7), Guest.Call, Make, Guest.Set, 1];

    private static IntegerValue Number(uint value) => new(PrimitiveKind.U32, value);

    // How often the destructor has run, and for what the last time.
    private static (int, int) Dropped(ComponentInstance provider) =>
        provider.GetFunction(null, "dropped").CreateDelegate<Func<(uint, uint)>>()() is var (count, last) ? ((int)count, (int)last) : default;

    /// <summary>Exports the resource <c>thing</c> with <c>make peek take both</c> and <c>dropped: func() -> tuple&lt;u32, u32&gt;</c>.</summary>
    private static CompiledComponent Provider()
    {
        var builder = new ComponentBuilder();
        // Counts at address 16, notes the representation at 20.
        uint destructors = builder.Core(new GuestModule().Function("drop", GuestModule.I32, [],
        [
            .. Guest.Const(16), .. Guest.Const(16), Guest.Load, 2, 0, .. Guest.Const(1), Guest.Add, Guest.StoreI32, 2, 0,
            .. Guest.Const(20), Guest.Get, 0, Guest.StoreI32, 2, 0, Guest.End,
        ]));
        uint resource = builder.Resource(builder.CoreAlias(CoreSort.Func, destructors, "drop"));
        uint made = builder.Canon(CanonKind.ResourceNew, resource);
        uint representation = builder.Canon(CanonKind.ResourceRep, resource);
        uint drop = builder.Canon(CanonKind.ResourceDrop, resource);
        GuestModule module = new GuestModule(("new", GuestModule.I32, GuestModule.I32), ("rep", GuestModule.I32, GuestModule.I32), ("drop", GuestModule.I32, []))
            .Function("make", GuestModule.I32, GuestModule.I32, [Guest.Get, 0, Guest.Call, 1, Guest.End])
            .Function("peek", GuestModule.I32, GuestModule.I32, [Guest.Get, 0, Guest.End])
            .Function("take", GuestModule.I32, GuestModule.I32, [Guest.Get, 0, Guest.Call, 2, Guest.Get, 0, Guest.Call, 3, Guest.End])
            .Function("both", GuestModule.Types(2), [], [Guest.End])
            .Function("dropped", [], GuestModule.I32, [.. Guest.Const(16), Guest.End]);
        uint core = builder.Core(module, ("new", made), ("rep", representation), ("drop", drop));
        uint thing = builder.Export("thing", Sort.Type, resource);
        ExportFunctions(thing, builder, (name, type) => builder.LiftExport(core, name, type));
        ValTypeUse pair = ComponentBuilder.Use(builder.Type(new TupleExpression([ComponentBuilder.Use(PrimitiveKind.U32), ComponentBuilder.Use(PrimitiveKind.U32)])));
        builder.LiftExport(core, "dropped", builder.Function([], pair), builder.Options());
        return builder.Compile("provider");
    }

    /// <summary>Imports what a provider exports, and exports <c>run</c>, whose parameter 0 is a number or a borrowed handle.</summary>
    private static CompiledComponent User(byte[] code, bool borrows)
    {
        var builder = new ComponentBuilder();
        uint thing = builder.ImportResource("thing");
        var imports = new List<(string, uint)>();
        ExportFunctions(thing, builder, (name, type) =>
        {
            imports.Add((name, builder.Lower(builder.Import(name, Sort.Func, type))));
            return 0;
        });
        imports.Add(("drop", builder.Canon(CanonKind.ResourceDrop, thing)));
        uint other = builder.Resource();
        imports.Add(("drop-other", builder.Canon(CanonKind.ResourceDrop, other)));
        imports.Add(("new-other", builder.Canon(CanonKind.ResourceNew, other)));
        GuestModule module = new GuestModule(
            ("make", GuestModule.I32, GuestModule.I32), ("peek", GuestModule.I32, GuestModule.I32), ("take", GuestModule.I32, GuestModule.I32),
            ("both", GuestModule.Types(2), []), ("drop", GuestModule.I32, []), ("drop-other", GuestModule.I32, []),
            ("new-other", GuestModule.I32, GuestModule.I32))
            .Function("run", GuestModule.I32, [], [.. code, Guest.End], (1, Wasm.Binary.ValueType.I32));
        uint core = builder.Core(module, [.. imports]);
        ValTypeUse parameter = borrows
            ? ComponentBuilder.Use(builder.Type(new HandleExpression(false, thing)))
            : ComponentBuilder.Use(PrimitiveKind.U32);
        builder.LiftExport(core, "run", builder.Function([("x", parameter)]));
        return builder.Compile("user");
    }

    private static void ExportFunctions(uint thing, ComponentBuilder builder, Func<string, uint, uint> define)
    {
        ValTypeUse own = ComponentBuilder.Use(builder.Type(new HandleExpression(true, thing)));
        ValTypeUse borrow = ComponentBuilder.Use(builder.Type(new HandleExpression(false, thing)));
        ValTypeUse number = ComponentBuilder.Use(PrimitiveKind.U32);
        define("make", builder.Function([("x", number)], own));
        define("peek", builder.Function([("x", borrow)], number));
        define("take", builder.Function([("x", own)], number));
        define("both", builder.Function([("x", borrow), ("y", own)]));
    }

    private sealed class Thing(uint number) : IDisposable
    {
        public uint Number => number;

        public int Disposals { get; private set; }

        public void Dispose() => Disposals++;
    }
}
