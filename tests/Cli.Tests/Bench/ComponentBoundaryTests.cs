using Chain.Cli.Bench;

namespace Chain.Cli.Tests.Bench;

public sealed class ComponentBoundaryTests
{
    private static readonly string Guest = Path.Combine(Chain.Tests.Places.Repository, "bench", "component", "calls.wasm");

    public static TheoryData<string, string> Cases => new()
    {
        { "instantiate", "6" },
        { "empty", "0" },
        { "add", "6" },
        { "measure", "1024" },
        { "echo", ComponentWorkload.Text },
        { "total", "164175" },
        { "discount", "7 " + string.Join(' ', Enumerable.Range(0, 100).Select(i => FormattableString.Invariant($"item-{i} {i} {i * 0.25}"))) },
    };

    /// <summary>What is timed is also right; the command compares it with the peer's.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void ACaseGivesWhatItsGuestComputes(string name, string value)
    {
        using var ours = new ChainBoundary(Guest);
        Batch batch = ours.Time(name, 3);
        Assert.Equal(value, batch.Value);
        Assert.True(batch.Nanoseconds >= 0);
    }

    [Fact]
    public void AfterAResetTheGuestAnswersAsBefore()
    {
        using var ours = new ChainBoundary(Guest);
        ours.Time("reset", 3);
        Assert.Equal("1024", ours.Time("measure", 1).Value);
    }
}
