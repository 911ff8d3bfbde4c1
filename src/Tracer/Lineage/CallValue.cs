using Chain.Tracer.Calls;

namespace Chain.Tracer.Lineage;

/// <summary>Which of the two values of a call is meant.</summary>
public enum ValueSide
{
    /// <summary>What the call received: its arguments and everything it read.</summary>
    In = 0,

    /// <summary>What the call gave: its result and everything it wrote.</summary>
    Out = 1,
}

/// <summary>A node of the lineage graph: what a call received, or what it gave. Text form: <c>CALL:in</c>, <c>CALL:out</c>.</summary>
public readonly record struct CallValue(CallId Call, ValueSide Side)
{
    /// <summary>Reads the text form; a call id alone gives a null side, which means both values.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out CallId call, out ValueSide? side)
    {
        side = null;
        int colon = text.IndexOf(':');
        if (colon >= 0)
        {
            side = text[(colon + 1)..] switch { "in" => ValueSide.In, "out" => ValueSide.Out, _ => null };
            if (side is null)
            {
                call = default;
                return false;
            }

            text = text[..colon];
        }

        return CallId.TryParse(text, out call);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Call}:{(Side == ValueSide.In ? "in" : "out")}";
}
