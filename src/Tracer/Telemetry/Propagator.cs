using System.Collections.Concurrent;
using System.Text;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Telemetry;

/// <summary>What came in with a request.</summary>
/// <param name="Context">The caller's context; none when it had no trace or a malformed one.</param>
/// <param name="Label">The label that travelled in the baggage.</param>
/// <param name="Baggage">The other members of the baggage, to be handed on; null for none.</param>
public readonly record struct Incoming(CallContext Context, LabelId Label, string? Baggage);

/// <summary>
/// Carries context and label between processes in the W3C headers <c>traceparent</c>, <c>tracestate</c> and <c>baggage</c>, the label as
/// the
/// baggage member <c>chain.label</c>. Safe for any number of threads; no allocation for labels met before.
/// </summary>
/// <remarks>
/// A malformed <c>traceparent</c> starts a new trace; a malformed <c>tracestate</c> or baggage member is dropped; each is counted. A label
/// that does not
/// read becomes <c>*</c>, any secrecy tag, because a tag must not be lost; so does a new one once strangers have brought
/// <see cref="MostStrangeLabels"/> of them, because they must not use up the table.
/// </remarks>
public sealed class Propagator(LabelStore labels)
{
    /// <summary>The baggage member that carries the label.</summary>
    public const string LabelMember = "chain.label";

    /// <summary>How many labels may come in from outside that nobody here made.</summary>
    public const int MostStrangeLabels = 8192;

    /// <summary>Longest <c>baggage</c> header, in characters; W3C Baggage, section 3.3, asks for 8,192 bytes.</summary>
    public const int MaxBaggageLength = 8192;

    private readonly ConcurrentDictionary<string, LabelId> _known = new();
    private readonly ConcurrentDictionary<int, string> _texts = new();
    private long _malformed;
    private int _strange;

    /// <summary>How many headers or baggage members were malformed.</summary>
    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>
    /// Reads the headers of a request; a null or empty one is absent. Several headers of a name are joined by commas beforehand.
    /// </summary>
    public Incoming Extract(ReadOnlySpan<char> traceparent, ReadOnlySpan<char> tracestate, ReadOnlySpan<char> baggage)
    {
        CallContext context = default;
        if (TraceParent.TryParse(traceparent, out TraceId trace, out CallId parent, out bool sampled))
        {
            string? state = null;
            if (!tracestate.IsEmpty)
            {
                if (TraceState.IsValid(tracestate)) state = tracestate.ToString();
                else Count();
            }

            context = new CallContext(trace, parent, sampled, state);
        }
        else if (!traceparent.IsEmpty)
        {
            Count();
        }

        if (baggage.IsEmpty) return new Incoming(context, default, null);
        LabelId label = ReadBaggage(baggage, out string? rest);
        return new Incoming(context, label, rest);
    }

    /// <summary>The <c>baggage</c> header that carries this label and these other members; null when there is nothing to carry.</summary>
    public string? Baggage(LabelId label, string? others = null)
    {
        if (label.IsEmpty) return string.IsNullOrEmpty(others) ? null : others;
        if (!_texts.TryGetValue(label.Value, out string? member))
        {
            member = $"{LabelMember}={Escape(labels[label].ToString())}";
            _texts.TryAdd(label.Value, member);
            _known.TryAdd(member[(LabelMember.Length + 1)..], label);
        }

        return string.IsNullOrEmpty(others) || others.Length + member.Length + 1 > MaxBaggageLength ? member : $"{member},{others}";
    }

    private LabelId ReadBaggage(ReadOnlySpan<char> baggage, out string? rest)
    {
        rest = null;
        // What Chain itself sends when there is nothing else.
        if (baggage.StartsWith(LabelMember) && baggage.Length > LabelMember.Length && baggage[LabelMember.Length] == '=' &&
            _known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(baggage[(LabelMember.Length + 1)..], out LabelId known))
        {
            return known;
        }

        if (baggage.Length > MaxBaggageLength)
        {
            Count();
            return baggage.Contains(LabelMember, StringComparison.Ordinal) ? labels.Intern(Label.Of(Tag.Anything)) : default;
        }

        LabelId label = default;
        var others = new StringBuilder();
        foreach (Range range in baggage.Split(','))
        {
            ReadOnlySpan<char> member = baggage[range].Trim(" \t");
            if (member.IsEmpty) continue;
            int equals = member.IndexOf('=');
            if (equals <= 0)
            {
                Count();
            }
            else if (member[..equals].Trim(" \t") is LabelMember)
            {
                ReadOnlySpan<char> value = member[(equals + 1)..];
                int properties = value.IndexOf(';');
                label = Union(label, ReadLabel((properties < 0 ? value : value[..properties]).Trim(" \t")));
            }
            else
            {
                if (others.Length > 0) others.Append(',');
                others.Append(member);
            }
        }

        if (others.Length > 0) rest = others.ToString();
        return label;
    }

    // Two labels in one header: whichever proxy merged them, both secrecies count.
    private LabelId Union(LabelId first, LabelId second) => first.IsEmpty ? second : labels.Union(first, second);

    private LabelId ReadLabel(ReadOnlySpan<char> escaped)
    {
        ConcurrentDictionary<string, LabelId>.AlternateLookup<ReadOnlySpan<char>> known = _known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (known.TryGetValue(escaped, out LabelId label)) return label;
        if (!TryUnescape(escaped, out string text) || !Label.TryParse(text, out Label? read))
        {
            Count();
            return labels.Intern(Label.Of(Tag.Anything));
        }

        if (labels.TryFind(read, out label) || Interlocked.Increment(ref _strange) <= MostStrangeLabels)
        {
            label = labels.Intern(read);
            if (_known.Count < MostStrangeLabels * 2) _known.TryAdd(escaped.ToString(), label);
            return label;
        }

        return labels.Intern(Label.Of(Tag.Anything));
    }

    // A label's text has two characters that a baggage value may not have (W3C Baggage, section 3.3.1.3).
    private static string Escape(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);

    private static bool TryUnescape(ReadOnlySpan<char> escaped, out string text)
    {
        try
        {
            text = Uri.UnescapeDataString(escaped);
            return true;
        }
        catch (Exception e) when (e is UriFormatException or ArgumentException)
        {
            text = "";
            return false;
        }
    }

    private void Count() => Interlocked.Increment(ref _malformed);
}
