using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Cluster.Letters;
using Chain.Tracer.Calls;

namespace Chain.Silo.Tests.Hosting.Cluster;

/// <summary>What calls and replies are on their way between silos.</summary>
public sealed class OrleansLettersTests
{
    [Fact]
    public void ACallComesOutAsItWentIn()
    {
        RemoteRequest request = Request("a,b\n\u00e4\U0001F600") with
        {
            Version = 300,
            Key = "key",
            Interface = null,
            Caller = "ward",
            Call = new CallContext(new TraceId(ulong.MaxValue, 1), new CallId(long.MinValue), Sampled: false, "x=1"),
            Arguments = new byte[] { 1, 0, 255 },
            Label = new string('t', 1000),
            Passed = [new RemoteStep("clinic/ward", "pii"), new RemoteStep("clinic/store", "")],
            Held = ["clinic/store/7"],
            Depth = 199,
            Decisions = short.MaxValue,
            Left = TimeSpan.FromTicks(12_345_678_901),
        };
        RemoteRequest read = CallFormat.RequestOf(CallFormat.LetterOf(request));
        Assert.Equal(request.Arguments.ToArray(), read.Arguments.ToArray());
        Assert.Equal(request.Passed, read.Passed);
        Assert.Equal(request.Held, read.Held);
        Assert.Equal(request with { Arguments = default, Passed = [], Held = [] }, read with { Arguments = default, Passed = [], Held = [] });
    }

    [Fact]
    public void AReplyComesOutAsItWentIn()
    {
        var reply = new RemoteReply
        {
            Silo = "s2",
            HasStarted = true,
            IsMisplaced = true,
            Outcome = CallOutcome.ErrorResult,
            Error = "no",
            Value = new byte[] { 7 },
            LabelOut = "a",
            Label = "a,b",
            LabelRead = "c",
            Passed = [new RemoteStep("clinic/ward", "pii")],
            Parts = [new RemoteStep("result.ok", "pii")],
        };
        RemoteReply read = CallFormat.ReplyOf(CallFormat.LetterOf(reply));
        Assert.Equal(reply.Value.ToArray(), read.Value.ToArray());
        Assert.Equal(reply.Passed, read.Passed);
        Assert.Equal(reply.Parts, read.Parts);
        Assert.Equal(reply with { Value = default, Passed = [], Parts = [] }, read with { Value = default, Passed = [], Parts = [] });
    }

    [Fact]
    public void AnotherFormatIsSaidToBeOne()
    {
        byte[] letter = CallFormat.LetterOf(Request("f")).Bytes;
        letter[0]++;
        FormatException refused = Assert.Throws<FormatException>(() => CallFormat.RequestOf(new Letter(letter)));
        Assert.Equal($"calls in format {CallFormat.Version + 1}, this silo's is {CallFormat.Version}: silos of one cluster must be of one version of Chain", refused.Message);
    }

    [Fact]
    public void ALetterThatWasCutShortIsNone()
    {
        byte[] letter = CallFormat.LetterOf(Request("f")).Bytes;
        for (int length = 1; length < letter.Length; length++) Assert.Throws<FormatException>(() => CallFormat.RequestOf(new Letter(letter[..length])));
    }

    private static RemoteRequest Request(string function) => new()
    {
        Application = "clinic", Version = 1, Component = "ward", Function = function, Call = default, Arguments = default,
    };
}
