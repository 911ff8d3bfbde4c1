using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Policies;

/// <summary>The variables of policies: <c>caller</c>, <c>callee</c>, <c>call</c>, <c>data</c>, <c>chain</c>, with their types and functions.</summary>
internal static class PolicyVariables
{
    private static readonly ObjectShape CallerShape = new("chain.Caller");
    private static readonly ObjectShape CalleeShape = new("chain.Callee");
    private static readonly ObjectShape CallShape = new("chain.Call");
    private static readonly ObjectShape DataShape = new("chain.Data");
    private static readonly ObjectShape ChainShape = new("chain.Chain");
    private static readonly ObjectShape StepShape = new("chain.Step");

    private static readonly Value CallerValue = Value.Object(CallerShape);
    private static readonly Value CalleeValue = Value.Object(CalleeShape);
    private static readonly Value CallValue = Value.Object(CallShape);
    private static readonly Value DataValue = Value.Object(DataShape);
    private static readonly Value ChainValue = Value.Object(ChainShape);

    /// <summary>The environment that every policy is checked in.</summary>
    public static ExpressionEnvironment Environment { get; } = Create();

    /// <summary>The object types, for documentation and schemas.</summary>
    public static IReadOnlyList<(string Variable, ObjectDeclaration Type)> Types { get; private set; } = [];

    private static ExpressionEnvironment Create()
    {
        (string Variable, ObjectDeclaration Type, Value Value)[] variables =
        [
            ("caller", new ObjectDeclaration(CallerShape, [.. Party(static (in CallFacts f, long _) => f.Link.Caller)]), CallerValue),
            ("callee", new ObjectDeclaration(CalleeShape, [.. Party(static (in CallFacts f, long _) => f.Link.Callee), .. Function()]), CalleeValue),
            ("call", Call(), CallValue),
            ("data", new ObjectDeclaration(DataShape, new FieldDeclaration("tags", CelType.List(CelType.String), static (_, frame) => Of(frame).TagsOf(Of(frame).Facts.Data), "its tags")), DataValue),
            ("chain", Chain(), ChainValue),
        ];
        ObjectDeclaration step = Step();
        var environment = new ExpressionEnvironment(functions: Functions(step.Type));
        environment.Add(step);
        foreach ((string name, ObjectDeclaration type, Value value) in variables)
        {
            Value constant = value;
            environment.Add(type);
            environment.Add(new VariableDeclaration(name, type.Type, _ => constant));
        }

        Types = [.. variables.Select(v => (v.Variable, v.Type)), ("chain.steps[i]", step)];
        return environment;
    }

    private delegate CallParty PartyOf(in CallFacts facts, long index);

    private static CallFrame Of(Frame frame) => (CallFrame)frame;

    private static IEnumerable<FieldDeclaration> Party(PartyOf party)
    {
        yield return Text("name", "application/component", p => p.Name);
        yield return Text("application", "what stands before the slash", p => p.Application);
        yield return Text("component", "what stands after the slash", p => p.ComponentName);
        yield return Text("region", "the label region; empty where there is none", p => p.Region);
        yield return Text("digest", "the digest of the component's bytes", p => p.Digest);
        yield return new FieldDeclaration("labels", CelType.Map(CelType.String, CelType.String), (o, frame) => party(Of(frame).Facts, o.ObjectBits).LabelsValue, "labels of the component or of its place");

        FieldDeclaration Text(string name, string description, Func<CallParty, string> read) =>
            new(name, CelType.String, (o, frame) => Value.String(read(party(Of(frame).Facts, o.ObjectBits))), description);
    }

    private static IEnumerable<FieldDeclaration> Function()
    {
        yield return new FieldDeclaration("interface", CelType.String, static (_, frame) => Value.String(Of(frame).Facts.Link.Interface), "the interface that is called");
        yield return new FieldDeclaration("function", CelType.String, static (_, frame) => Value.String(Of(frame).Facts.Link.Function), "the function that is called");
    }

    private static ObjectDeclaration Call() => new(
        CallShape,
        new FieldDeclaration("trace", CelType.String, static (_, frame) => Value.String(Of(frame).Facts.Trace.ToString()), "the trace id"),
        new FieldDeclaration("id", CelType.String, static (_, frame) => Value.String(Of(frame).Facts.Call.ToString()), "the span id"),
        new FieldDeclaration("depth", CelType.Int, static (_, frame) => Value.Int(Of(frame).Facts.Depth), "how many calls are around this one"),
        new FieldDeclaration("event", CelType.String, static (_, frame) => Value.String(EventNames.Of(Of(frame).Facts.Event)), "call, result, declassify or endorse"),
        new FieldDeclaration("phase", CelType.String, static (_, frame) => Value.String(Of(frame).Facts.Event == PolicyEvent.Result ? "result" : "argument"), "argument or result"),
        new FieldDeclaration("outcome", CelType.String, static (_, frame) => Value.String(OutcomeName(Of(frame).Facts.Outcome)), "returned, error, trapped, timed-out, cancelled, denied, not-started, lost; empty while it runs"),
        new FieldDeclaration("tag", CelType.String, static (_, frame) => Value.String(Of(frame).Facts.Changed.ToString()), "the tag that is dropped or added; empty for calls"));

    private static string OutcomeName(CallOutcome? outcome) => outcome switch
    {
        CallOutcome.Returned => "returned",
        CallOutcome.ErrorResult => "error",
        CallOutcome.Trapped => "trapped",
        CallOutcome.TimedOut => "timed-out",
        CallOutcome.Cancelled => "cancelled",
        CallOutcome.Denied => "denied",
        CallOutcome.NotStarted => "not-started",
        CallOutcome.Lost => "lost",
        _ => "",
    };

    private static ObjectDeclaration Chain() => new(
        ChainShape,
        new FieldDeclaration("depth", CelType.Int, static (_, frame) => Value.Int(Of(frame).Facts.Depth), "how many calls are around this one"),
        new FieldDeclaration("length", CelType.Int, static (_, frame) => Value.Int(Of(frame).Facts.Passed.Length), "how many components were called before this call"),
        new FieldDeclaration("steps", CelType.List(CelType.Object(StepShape.Name)), static (_, frame) => Steps(Of(frame)), "the components that were called, oldest first"));

    private static Value Steps(CallFrame frame)
    {
        int length = frame.Facts.Passed.Length;
        if (!frame.Spend(length / 10)) return frame.Exhausted();
        var steps = new Value[length];
        for (int i = 0; i < length; i++) steps[i] = Value.Object(StepShape, i);
        return Value.List(steps);
    }

    private static ObjectDeclaration Step() => new(
        StepShape,
        [
            .. Party(static (in CallFacts f, long index) => f.Passed.Span[(int)index].Component),
            new FieldDeclaration("tags", CelType.List(CelType.String), static (o, frame) => Of(frame).TagsOf(Of(frame).Facts.Passed.Span[(int)o.ObjectBits].Label), "the tags of the data that went into it"),
        ]);

    private static IEnumerable<(string, Overload)> Functions(CelType step)
    {
        CelType data = CelType.Object(DataShape.Name);
        CelType chain = CelType.Object(ChainShape.Name);
        CelType text = CelType.String;
        yield return ("has", TagTest("data_has", data, static (_, frame) => frame.Facts.Data));
        yield return ("has", TagTest("step_has", step, static (o, frame) => frame.Facts.Passed.Span[(int)o.ObjectBits].Label));
        yield return ("values", Overload.Of("data_values", true, CelType.List(text), data, text, static (_, name, frame) => TagValues(name.AsString, Of(frame))));
        yield return ("value", Overload.Of("data_value", true, text, data, text, static (_, name, frame) => TagValue(name.AsString, Of(frame))));
        yield return ("passed", Overload.Of("chain_passed", true, CelType.Bool, chain, text,
            static (_, pattern, frame) => TryParty(pattern.AsString, out PartyPattern parsed) ? Passed(parsed, Of(frame)) : NoPattern(pattern),
            static (_, constants) => constants[1] is { Kind: ValueKind.String } constant && TryParty(constant.AsString, out PartyPattern parsed)
                ? frame => Passed(parsed, Of(frame))
                : null));
        yield return ("carried", Overload.Of("chain_carried", true, CelType.Bool, chain, text,
            static (_, tag, frame) => TagPattern.TryParse(tag.AsString, out TagPattern parsed, out string reason) ? Carried(parsed, Of(frame)) : Value.Error(reason),
            static (_, constants) => constants[1] is { Kind: ValueKind.String } constant && TagPattern.TryParse(constant.AsString, out TagPattern parsed, out string _)
                ? frame => Carried(parsed, Of(frame))
                : null));
    }

    /// <summary><c>has(tag)</c> of data or of a step; a constant tag is read when the policy is compiled.</summary>
    private static Overload TagTest(string id, CelType of, Func<Value, CallFrame, LabelId> label) => Overload.Of(
        id, true, CelType.Bool, of, CelType.String,
        (o, tag, frame) => TagPattern.TryParse(tag.AsString, out TagPattern parsed, out string reason)
            ? Value.Bool(parsed.IsMatch(Of(frame).Labels[label(o, Of(frame))]))
            : Value.Error(reason),
        (args, constants) =>
        {
            if (constants[1] is not { Kind: ValueKind.String } constant || !TagPattern.TryParse(constant.AsString, out TagPattern parsed, out string _)) return null;
            Evaluator target = args[0];
            return frame =>
            {
                Value o = target(frame);
                return o.IsError ? o : Value.Bool(parsed.IsMatch(Of(frame).Labels[label(o, Of(frame))]));
            };
        });

    private static bool TryParty(string text, out PartyPattern pattern)
    {
        pattern = null!;
        try
        {
            pattern = new PartyPattern(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static Value NoPattern(Value pattern) => Value.Error($"{pattern} is not a component's name or pattern");

    private static Value Passed(PartyPattern pattern, CallFrame frame)
    {
        ReadOnlySpan<ChainStep> steps = frame.Facts.Passed.Span;
        if (!frame.Spend(steps.Length / 10)) return frame.Exhausted();
        foreach (ref readonly ChainStep step in steps)
        {
            if (pattern.IsMatch(step.Component)) return Value.True;
        }

        return Value.False;
    }

    private static Value Carried(TagPattern pattern, CallFrame frame)
    {
        ReadOnlySpan<ChainStep> steps = frame.Facts.Passed.Span;
        if (!frame.Spend(steps.Length / 4)) return frame.Exhausted();
        foreach (ref readonly ChainStep step in steps)
        {
            if (pattern.IsMatch(frame.Labels[step.Label])) return Value.True;
        }

        return Value.False;
    }

    private static Value TagValues(string name, CallFrame frame)
    {
        var values = new List<Value>();
        TagKind kind = KindOf(ref name);
        foreach (Tag tag in frame.Labels[frame.Facts.Data].Tags)
        {
            if (tag.Kind == kind && tag.Name == name && tag.Value.Length > 0) values.Add(Value.String(tag.Value));
        }

        return Value.List(new ListValue([.. values]));
    }

    /// <summary>The one value of a tag; empty where the tag is absent or has none. Several values, or an unknown one, are an error.</summary>
    private static Value TagValue(string name, CallFrame frame)
    {
        string written = name;
        TagKind kind = KindOf(ref name);
        string? found = null;
        foreach (Tag tag in frame.Labels[frame.Facts.Data].Tags)
        {
            if (tag.Kind != kind || (tag.Name != name && tag.Name != "*")) continue;
            if (tag.IsCoarse) return Value.Error($"the value of tag '{written}' is not known: the label was made coarser");
            if (found is not null) return Value.Error($"tag '{written}' has several values; use data.values()");
            found = tag.Value;
        }

        return Value.String(found ?? "");
    }

    private static TagKind KindOf(ref string name)
    {
        if (!name.StartsWith('+')) return TagKind.Secrecy;
        name = name[1..];
        return TagKind.Integrity;
    }
}
