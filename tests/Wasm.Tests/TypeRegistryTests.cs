using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

public sealed class TypeRegistryTests
{
    // (rec (struct (ref null 0) i32) (func (ref 0))), with the indices moved by what stands before it.
    private static byte[] Group(byte first) =>
        [0x4E, 2, 0x5F, 2, 0x63, first, 0, 0x7F, 1, 0x60, 1, 0x64, first, 0];

    [Fact]
    public void EqualGroupsOfTwoModulesHaveOneId()
    {
        var registry = new TypeRegistry();
        int[] one = Ids(registry, new ModuleBuilder().Add(SectionId.Type, Group(0)));
        int[] other = Ids(registry, new ModuleBuilder().Type([ValueType.F64]).Add(SectionId.Type, Group(1)));
        Assert.Equal(one, other[1..]);
    }

    [Fact]
    public void AGroupThatLooksTheSameButIsSplitIsAnother()
    {
        var registry = new TypeRegistry();
        int[] together = Ids(registry, new ModuleBuilder().Add(SectionId.Type, Group(0)));
        int[] apart = Ids(
            registry,
            new ModuleBuilder().Add(SectionId.Type, 0x5F, 2, 0x63, 0, 0, 0x7F, 1).Add(SectionId.Type, 0x60, 1, 0x64, 0, 0));
        Assert.Empty(together.Intersect(apart));
    }

    [Fact]
    public void IndicesInCanonicalTypesAreIds()
    {
        var registry = new TypeRegistry();
        int[] ids = Ids(registry, new ModuleBuilder().Type([ValueType.F64]).Add(SectionId.Type, Group(1)));
        var structure = Assert.IsType<StructType>(registry.Get(ids[1]).Composite);
        Assert.Equal((uint)ids[1], structure.Fields[0].Storage.Heap.Index);
        var function = Assert.IsType<FunctionType>(registry.Get(ids[2]).Composite);
        Assert.Equal((uint)ids[1], function.Parameters[0].Heap.Index);
    }

    [Fact]
    public void ASubtypeKnowsAllItsSupertypes()
    {
        var registry = new TypeRegistry();
        int[] ids = Ids(
            registry,
            new ModuleBuilder()
                .Add(SectionId.Type, 0x50, 0, 0x5F, 0)
                .Add(SectionId.Type, 0x50, 1, 0, 0x5F, 1, 0x7F, 0)
                .Add(SectionId.Type, 0x4F, 1, 1, 0x5F, 2, 0x7F, 0, 0x7E, 0)
                .Add(SectionId.Type, 0x50, 1, 0, 0x5F, 1, 0x7E, 0));
        CanonicalType leaf = registry.Get(ids[2]);
        Assert.Equal((2, ids[1], true), (leaf.Depth, leaf.Supertype, leaf.Final));
        Assert.Equal(ids[..3], leaf.Supertypes);
        Assert.True(registry.IsSubtype(ids[2], ids[0]));
        Assert.True(registry.IsSubtype(ids[2], ids[2]));
        Assert.False(registry.IsSubtype(ids[0], ids[2]));
        Assert.False(registry.IsSubtype(ids[3], ids[1]));
        Assert.Equal(-1, registry.Get(ids[0]).Supertype);
    }

    [Fact]
    public void AHostFunctionHasTheTypeOfTheGuestThatImportsIt()
    {
        var registry = new TypeRegistry();
        int host = registry.InternFunction(new FunctionType([ValueType.I32], [ValueType.FuncRef]));
        int[] guest = Ids(registry, new ModuleBuilder().Type([]).Type([ValueType.I32], ValueType.FuncRef));
        Assert.Equal(host, guest[1]);
        ValueType reference = ValueType.Ref(HeapType.OfIndex((uint)guest[0]), true);
        int over = registry.InternFunction(new FunctionType([reference], []));
        int[] second = Ids(registry, new ModuleBuilder().Type([]).Type([ValueType.Ref(HeapType.OfIndex(0), true)]));
        Assert.Equal(over, second[1]);
    }

    [Fact]
    public void ThreadsThatInternTheSameTypesAgree()
    {
        var registry = new TypeRegistry();
        var builder = new ModuleBuilder();
        for (int i = 0; i < 300; i++) builder.Type([.. Enumerable.Repeat(ValueType.I32, i)]);
        Module module = ModuleReader.Read(builder.Build(), "types");
        var all = new int[16][];
        Parallel.For(0, all.Length, i => all[i] = registry.Intern(module));
        Assert.All(all, ids => Assert.Equal(all[0], ids));
        Assert.Equal(300, all[0].Distinct().Count());
        for (int i = 0; i < 300; i++) Assert.Equal(i, ((FunctionType)registry.Get(all[0][i]).Composite).Parameters.Length);
    }

    private static int[] Ids(TypeRegistry registry, ModuleBuilder builder)
    {
        Module module = ModuleReader.Read(builder.Build(), "types");
        ModuleContext context = ModuleValidator.Validate(module, registry);
        Assert.Equal(context.CanonicalIds, registry.Intern(module));
        return context.CanonicalIds;
    }
}
