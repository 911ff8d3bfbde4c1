using Chain.Tracer.Calls;

namespace Chain.Tracer.Tests.Calls;

public sealed class CallSiteTests
{
    private static readonly CallSite Site = new(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef("f"));

    [Fact]
    public void ASiteIsWhereItWasRecordedAndAFirstAttemptUnlessItSaysOtherwise()
    {
        var names = new CallNames();
        CallSiteId plain = names.Intern(Site), elsewhere = names.Intern(Site with { Host = "s2" }), again = names.Intern(Site with { Host = "s2", Attempt = 2 });

        Assert.Equal(("", 1), (names[plain].Host, names[plain].Attempt));
        Assert.Equal(3, new HashSet<CallSiteId> { plain, elsewhere, again }.Count);
        Assert.Equal(again, names.Intern(new CallSite(Site.Caller, Site.Callee, Site.Function, "s2", 2)));
    }

    [Fact]
    public void AHostOrAnAttemptThatCannotBeStoredIsRefused()
    {
        var names = new CallNames();
        names.Intern(Site with { Host = new string('x', CallNames.MaxNameLength), Attempt = CallNames.MaxAttempt });

        Assert.Contains("has 201 characters, at most 200", Assert.Throws<ArgumentException>(() => names.Intern(Site with { Host = new string('x', 201) })).Message);
        Assert.Contains("cannot be stored", Assert.Throws<ArgumentException>(() => names.Intern(Site with { Host = "s\0" })).Message);
        foreach (int attempt in (int[])[0, -1, CallNames.MaxAttempt + 1])
        {
            Assert.Contains($"attempt {attempt}: expected 1 to 32767", Assert.Throws<ArgumentException>(() => names.Intern(Site with { Attempt = attempt })).Message);
        }
    }
}
