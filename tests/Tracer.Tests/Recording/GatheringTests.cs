using Chain.Tracer.Recording;

namespace Chain.Tracer.Tests.Recording;

/// <summary>How long a batch is gathered.</summary>
public sealed class GatheringTests
{
    private readonly Gathering _gathering = new(new RecorderOptions { Folder = "", BusyFlushInterval = TimeSpan.FromSeconds(1) });

    [Fact]
    public void FewRecordsAreKeptAfterOneInterval()
    {
        _gathering.Begin();
        Assert.False(IsOver(1, 0));
        Assert.False(IsOver(99, 99));
        Assert.True(IsOver(99, 100));
    }

    [Fact]
    public void WhileManyComeTheBatchGrowsForTheLongerInterval()
    {
        _gathering.Begin();
        for (int interval = 1; interval < 10; interval++)
        {
            Assert.False(IsOver(interval * 100, interval * 100));
            // Nothing is decided between two intervals.
            Assert.False(IsOver(interval * 100, (interval * 100) + 50));
        }

        Assert.True(IsOver(1000, 1000));
    }

    [Fact]
    public void WhenNoMoreComeTheBatchIsKept()
    {
        _gathering.Begin();
        Assert.False(IsOver(5000, 120));
        Assert.False(IsOver(5099, 219));
        Assert.True(IsOver(5099, 220));

        // The next one begins anew.
        _gathering.Begin();
        Assert.False(IsOver(10, 99));
        Assert.True(IsOver(10, 100));
    }

    [Fact]
    public void OneThatWasLookedAtLateIsKeptAllTheSame()
    {
        _gathering.Begin();
        Assert.True(IsOver(20_000, 1500));
    }

    private bool IsOver(int count, int milliseconds) => _gathering.IsOver(count, TimeSpan.FromMilliseconds(milliseconds));
}
