using System.Text.Json;
using Chain.Cli.Bench;

namespace Chain.Cli.Tests.Bench;

public sealed class BenchReportTests
{
    [Fact]
    public void ARatioAboveOneMeansThatOursIsBetter()
    {
        Assert.Equal(2.0, new BenchRow("a", "ms", Ours: 5, Peer: 10, "V8").Ratio);
        Assert.Equal(0.5, new BenchRow("a", "calls/s", Ours: 5, Peer: 10, "V8", Better.Higher).Ratio);
    }

    [Fact]
    public void TheGeometricMeanCountsOnlyTheRowsMarkedForIt()
    {
        var report = new BenchReport("x");
        report.Add(new BenchRow("a", "ms", 1, 4, "V8"));
        report.Add(new BenchRow("b", "ms", 1, 1, "V8"));
        report.Add(new BenchRow("no peer", "ms", 1));
        report.Add(new BenchRow("apart", "ms", 1, 100, "V8", InGeomean: false));
        Assert.Equal(2.0, report.Geomean!.Value, 9);
    }

    [Fact]
    public void AMissingPeerLeavesItsColumnsEmpty()
    {
        var report = new BenchReport("x");
        report.Add(new BenchRow("a", "ms", 1.5));
        report.Note("no Node");
        report.Note("no Node");
        JsonElement json = JsonDocument.Parse(report.ToJson()).RootElement;
        Assert.Equal("x", json.GetProperty("bench").GetString());
        JsonElement row = json.GetProperty("rows")[0];
        Assert.Equal(1.5, row.GetProperty("ours").GetDouble());
        Assert.All(new[] { "peer", "peerName", "ratio" }, name => Assert.Equal(JsonValueKind.Null, row.GetProperty(name).ValueKind));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("geomean").ValueKind);
        Assert.Equal(1, json.GetProperty("notes").GetArrayLength());
    }

    [Theory]
    [InlineData(new[] { 3.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 4.0, 1.0, 2.0, 3.0 }, 2.5)]
    public void TheMedianOfAnEvenCountIsTheMiddleOfTheTwo(double[] samples, double median) =>
        Assert.Equal(median, BenchReport.Median(samples));
}
