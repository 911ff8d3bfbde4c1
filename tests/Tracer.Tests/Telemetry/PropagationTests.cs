using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;

namespace Chain.Tracer.Tests.Telemetry;

public sealed class PropagationTests
{
    private const string Parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private readonly LabelStore _labels = new();

    [Fact]
    public void ContextAndLabelComeOutAsTheyWentIn()
    {
        var propagator = new Propagator(_labels);
        var root = CallId.From(123_456_789, 7);
        var context = new CallContext(TraceId.Of(root), root);
        LabelId label = _labels.Intern(Label.Parse("pii,user=a%2Cb,+ok"));

        Incoming incoming = new Propagator(_labels).Extract(TraceParent.ToString(context), default, propagator.Baggage(label, "tenant=7"));

        Assert.Equal(context, incoming.Context);
        Assert.True(incoming.Context.Trace.IsNative);
        Assert.Equal(root.Value, incoming.Context.Trace.Key);
        Assert.Equal(label, incoming.Label);
        Assert.Equal("tenant=7", incoming.Baggage);
    }

    [Fact]
    public void AStrangersTraceGoesOnUnderItsOwnId()
    {
        Incoming incoming = new Propagator(_labels).Extract(Parent, "vendor=abc,other=1", default);
        Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4736", incoming.Context.Trace.ToString());
        Assert.Equal("00f067aa0ba902b7", incoming.Context.Call.ToString());
        Assert.True(incoming.Context.Sampled);
        Assert.True(incoming.Context.Trace.Key < 0);
        Assert.Equal("vendor=abc,other=1", incoming.Context.State);
        Assert.Equal(Parent, TraceParent.ToString(incoming.Context));
    }

    [Theory]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")]
    [InlineData("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7")]
    [InlineData("garbage")]
    public void AMalformedTraceparentStartsANewTraceAndIsCounted(string header)
    {
        var propagator = new Propagator(_labels);
        Assert.True(propagator.Extract(header, "vendor=abc", default).Context.IsNone);
        Assert.Equal(1, propagator.Malformed);
    }

    [Fact]
    public void ALaterVersionIsReadAsFarAsItIsKnown() =>
        Assert.False(new Propagator(_labels).Extract("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", default,
            default).Context.IsNone);

    [Theory]
    [InlineData("novalue")]
    [InlineData("UPPER=1")]
    [InlineData("a=b=c")]
    [InlineData("a=\u0007")]
    public void AMalformedTracestateIsDroppedAndTheTraceGoesOn(string header)
    {
        var propagator = new Propagator(_labels);
        Incoming incoming = propagator.Extract(Parent, header, default);
        Assert.False(incoming.Context.IsNone);
        Assert.Null(incoming.Context.State);
        Assert.Equal(1, propagator.Malformed);
    }

    [Theory]
    [InlineData("chain.label=a b")]
    [InlineData("chain.label=%FF")]
    [InlineData("chain.label=,other=1")]
    [InlineData("x=1 , chain.label = a==b ; p=1")]
    public void ALabelThatDoesNotReadMeansAnySecret(string baggage)
    {
        var propagator = new Propagator(_labels);
        Label label = _labels[propagator.Extract(Parent, default, baggage).Label];
        if (baggage.Contains("=,", StringComparison.Ordinal)) Assert.Equal(Label.Empty, label);
        else Assert.Equal(Label.Of(Tag.Anything), label);
    }

    [Fact]
    public void StrangersCannotUseUpTheTableOfLabels()
    {
        var propagator = new Propagator(_labels);
        for (int i = 0; i < Propagator.MostStrangeLabels + 100; i++) propagator.Extract(Parent, default, $"chain.label=t{i}");
        Assert.True(_labels.Count <= Propagator.MostStrangeLabels + 2);
        Assert.Equal("*", _labels[propagator.Extract(Parent, default, "chain.label=once-more").Label].ToString());
    }

    [Fact]
    public void AHopByHeadersAllocatesNothingOnceItsLabelIsKnown()
    {
        var propagator = new Propagator(_labels);
        LabelId label = _labels.Intern(Label.Parse("pii,medical"));
        string? baggage = propagator.Baggage(label);
        propagator.Extract(Parent, default, baggage);
        long least = AllocatedBytes.Least(() =>
        {
            for (int i = 0; i < 100; i++) propagator.Extract(Parent, default, propagator.Baggage(label));
        });
        Assert.Equal(0, least);
    }
}
