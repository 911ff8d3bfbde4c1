using Chain.Tests;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Tests.Tags;

public sealed class LabelStoreTests
{
    [Fact]
    public void EqualLabelsHaveOneIdAndZeroIsTheEmptyOne()
    {
        var store = new LabelStore();
        Assert.Equal(store.Intern(Label.Parse("a,b")), store.Intern(Label.Parse("b,a")));
        Assert.Equal(LabelId.Empty, store.Intern(Label.Empty));
        Assert.Equal("a,b", store[store.Intern(Label.Parse("b,a"))].ToString());
    }

    [Fact]
    public void UnionIsThatOfTheLabelsWhateverTheOrder()
    {
        var store = new LabelStore();
        LabelId[] ids = [.. Enumerable.Range(0, 200).Select(i =>
            store.Intern(Label.Parse($"t{i % 20}=v{i},s{i % 7}{(i % 3 == 0 ? ",+ok" : "")}"))), LabelId.Empty];
        foreach (LabelId a in ids)
        {
            foreach (LabelId b in ids)
            {
                Assert.Equal(Label.Join(store[a], store[b]), store[store.Union(a, b)]);
                Assert.Equal(store.Union(a, b), store.Union(b, a));
            }
        }
    }

    [Fact]
    public void AJoinSeenBeforeAllocatesNothing()
    {
        var store = new LabelStore();
        LabelId a = store.Intern(Label.Parse("a")), b = store.Intern(Label.Parse("b"));
        store.Union(a, b);
        long least = AllocatedBytes.Least(() =>
        {
            for (int i = 0; i < 1000; i++) store.Union(a, b);
        });
        Assert.Equal(0, least);
    }

    [Fact]
    public void ALabelTooLargeLosesItsValuesAndThenItsNamesButNeverASecret()
    {
        var store = new LabelStore(new LabelLimits { TagsPerLabel = 4 });
        LabelId values = store.Intern(Label.Parse("user=1,user=2,user=3,user=4,user=5,pii"));
        Assert.Equal("pii,user=*", store[values].ToString());
        LabelId names = store.Intern(Label.Parse("a,b,c,d,e"));
        Assert.Equal("*", store[names].ToString());
        Assert.Equal(2, store.Coarsened);
    }

    [Fact]
    public void AFullStoreGetsCoarserAndEveryLabelStillCoversItsTags()
    {
        var store = new LabelStore(new LabelLimits { Labels = 64 });
        for (int i = 0; i < 1000; i++)
        {
            Label wanted = Label.Parse($"user=u{i},tenant=t{i % 5},+ok");
            Label kept = store[store.Intern(wanted)];
            Assert.All(wanted.Tags.Where(tag => tag.Kind == TagKind.Secrecy), tag => Assert.True(kept.Has(tag)));
        }

        Assert.True(store.Count <= 64);
        Assert.True(store.Coarsened >= 1000 - 64);
    }

    [Fact]
    public void ThreadsThatInternAndJoinAtOnceAgree()
    {
        var store = new LabelStore();
        var results = new LabelId[8][];
        Parallel.For(0, 8, thread =>
        {
            results[thread] = [.. Enumerable.Range(0, 2000).Select(i =>
                store.Union(store.Intern(Label.Parse($"a{i % 50}")), store.Intern(Label.Parse($"b{i % 31}"))))];
        });
        Assert.All(results, result => Assert.Equal(results[0], result));
    }
}
