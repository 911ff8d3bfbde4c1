using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;

namespace Chain.Silo.Hosting.Cluster.Letters;

/// <summary>Calls and their replies as bytes. What they are sent in begins with <see cref="Version"/>.</summary>
internal static class CallFormat
{
    /// <summary>Counted up with every change of it.</summary>
    public const byte Version = 1;

    [Flags]
    private enum Marks : byte
    {
        None = 0,
        Sampled = 1,
        Started = 2,
        Misplaced = 4,
    }

    /// <exception cref="FormatException">Another silo's format is another one.</exception>
    public static void Check(byte version)
    {
        if (version != Version) throw new FormatException($"calls in format {version}, this silo's is {Version}: silos of one cluster must be of one version of Chain");
    }

    /// <summary>A call by itself.</summary>
    public static Letter LetterOf(RemoteRequest request)
    {
        LetterWriter output = LetterWriter.Empty();
        output.Byte(Version);
        Write(output, request);
        return new Letter(output.ToArray());
    }

    /// <inheritdoc cref="LetterOf(RemoteRequest)"/>
    /// <exception cref="FormatException">It is none, or in another format.</exception>
    public static RemoteRequest RequestOf(Letter letter)
    {
        var input = new LetterReader(letter.Bytes);
        Check(input.Byte());
        return ReadRequest(input);
    }

    /// <summary>A reply by itself.</summary>
    public static Letter LetterOf(RemoteReply reply)
    {
        LetterWriter output = LetterWriter.Empty();
        output.Byte(Version);
        Write(output, reply);
        return new Letter(output.ToArray());
    }

    /// <inheritdoc cref="LetterOf(RemoteReply)"/>
    /// <exception cref="FormatException">It is none, or in another format.</exception>
    public static RemoteReply ReplyOf(Letter letter)
    {
        var input = new LetterReader(letter.Bytes);
        Check(input.Byte());
        return ReadReply(input);
    }

    public static void Write(LetterWriter output, RemoteRequest request)
    {
        output.Text(request.Application);
        output.Number(request.Version);
        output.Text(request.Component);
        output.Text(request.Key);
        output.Text(request.Interface);
        output.Text(request.Function);
        output.Text(request.Caller);
        output.Byte((byte)(request.Call.Sampled ? Marks.Sampled : Marks.None));
        output.Whole(request.Call.Trace.High);
        output.Whole(request.Call.Trace.Low);
        output.Whole((ulong)request.Call.Call.Value);
        output.Text(request.Call.State);
        output.Bytes(request.Arguments.Span);
        output.Text(request.Label);
        Write(output, request.Passed);
        output.Number(request.Held.Count);
        foreach (string held in request.Held) output.Text(held);
        output.Number(request.Depth);
        output.Number((ushort)request.Decisions);
        output.Number((ulong)Math.Max(0, request.Left.Ticks));
    }

    /// <exception cref="FormatException">It is not what was written.</exception>
    public static RemoteRequest ReadRequest(LetterReader input)
    {
        // In the order of writing, which initializers keep.
        string application = input.Word();
        int version = input.Int();
        string component = input.Word(), key = input.Word();
        string? export = input.Text();
        string function = input.Word(), caller = input.Word();
        var marks = (Marks)input.Byte();
        var trace = new TraceId(input.Whole(), input.Whole());
        var call = new CallId((long)input.Whole());
        return new RemoteRequest
        {
            Application = application,
            Version = version,
            Component = component,
            Key = key,
            Interface = export,
            Function = function,
            Caller = caller,
            Call = new CallContext(trace, call, marks.HasFlag(Marks.Sampled), input.Text()),
            Arguments = input.Bytes(),
            Label = input.Word(),
            Passed = ReadSteps(input),
            Held = ReadWords(input),
            Depth = input.Int(),
            Decisions = (short)input.Number(),
            Left = TimeSpan.FromTicks((long)input.Number()),
        };
    }

    public static void Write(LetterWriter output, RemoteReply reply)
    {
        output.Text(reply.Silo);
        output.Byte((byte)((reply.HasStarted ? Marks.Started : Marks.None) | (reply.IsMisplaced ? Marks.Misplaced : Marks.None)));
        output.Byte((byte)reply.Outcome);
        output.Text(reply.Error);
        output.Bytes(reply.Value.Span);
        output.Text(reply.LabelOut);
        output.Text(reply.Label);
        output.Text(reply.LabelRead);
        Write(output, reply.Passed);
        Write(output, reply.Parts);
    }

    /// <exception cref="FormatException">It is not what was written.</exception>
    public static RemoteReply ReadReply(LetterReader input)
    {
        string silo = input.Word();
        var marks = (Marks)input.Byte();
        return new RemoteReply
        {
            Silo = silo,
            HasStarted = marks.HasFlag(Marks.Started),
            IsMisplaced = marks.HasFlag(Marks.Misplaced),
            Outcome = (CallOutcome)input.Byte(),
            Error = input.Text(),
            Value = input.Bytes(),
            LabelOut = input.Word(),
            Label = input.Word(),
            LabelRead = input.Word(),
            Passed = ReadSteps(input),
            Parts = ReadSteps(input),
        };
    }

    private static void Write(LetterWriter output, IReadOnlyList<RemoteStep> steps)
    {
        output.Number(steps.Count);
        for (int i = 0; i < steps.Count; i++)
        {
            output.Text(steps[i].Component);
            output.Text(steps[i].Label);
        }
    }

    private static RemoteStep[] ReadSteps(LetterReader input)
    {
        int count = input.Int();
        if (count == 0) return [];
        var steps = new List<RemoteStep>(Math.Min(count, 64));
        for (int i = 0; i < count; i++) steps.Add(new RemoteStep(input.Word(), input.Word()));
        return [.. steps];
    }

    private static string[] ReadWords(LetterReader input)
    {
        int count = input.Int();
        if (count == 0) return [];
        var words = new List<string>(Math.Min(count, 64));
        for (int i = 0; i < count; i++) words.Add(input.Word());
        return [.. words];
    }
}
