namespace Chain.Tracer.Telemetry;

/// <summary>The header <c>tracestate</c> (W3C Trace Context, section 3.3). Chain adds nothing to it and hands it on as it came.</summary>
public static class TraceState
{
    /// <summary>Longest header that is handed on, in characters (section 3.3.1.5).</summary>
    public const int MaxLength = 512;

    private const int MaxMembers = 32;

    /// <summary>Whether the header is one that may be handed on.</summary>
    public static bool IsValid(ReadOnlySpan<char> header)
    {
        if (header.Length > MaxLength) return false;
        int members = 0;
        foreach (Range range in header.Split(','))
        {
            ReadOnlySpan<char> member = header[range].Trim(" \t");
            if (member.IsEmpty) continue;
            int equals = member.IndexOf('=');
            if (++members > MaxMembers || equals <= 0 || !IsKey(member[..equals]) || !IsValue(member[(equals + 1)..])) return false;
        }

        return true;
    }

    private static bool IsKey(ReadOnlySpan<char> key)
    {
        if (key.Length > 256 || !(char.IsAsciiLetterLower(key[0]) || char.IsAsciiDigit(key[0]))) return false;
        int at = key.IndexOf('@');
        if (at >= 0 && (at > 241 || key.Length - at - 1 is < 1 or > 14 || key[(at + 1)..].Contains('@'))) return false;
        foreach (char c in key)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('_' or '-' or '*' or '/' or '@')) return false;
        }

        return true;
    }

    private static bool IsValue(ReadOnlySpan<char> value)
    {
        if (value.Length is 0 or > 256) return false;
        foreach (char c in value)
        {
            if (c is < ' ' or > '~' or '=' or ',') return false;
        }

        return true;
    }
}
