using System.Globalization;
using System.Text;

namespace Chain.Tracer.Tags;

/// <summary>Percent-encoding of tag values (RFC 3986, section 2.1, with the plain characters listed at <see cref="Tag"/>).</summary>
internal static class Percent
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '/' or '-' or '@';

    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('-', 'z') && text.All(IsPlain)) return text;
        var result = new StringBuilder(text.Length + 8);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (b < 128 && IsPlain((char)b)) result.Append((char)b);
            else result.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return result.ToString();
    }

    public static bool TryDecode(ReadOnlySpan<char> text, out string decoded)
    {
        decoded = "";
        if (text is "*")
        {
            decoded = "*";
            return true;
        }

        byte[] bytes = new byte[text.Length];
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%')
            {
                if (i + 2 >= text.Length || !byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out bytes[count++])) return false;
                i += 2;
            }
            else if (IsPlain(text[i]))
            {
                bytes[count++] = (byte)text[i];
            }
            else
            {
                return false;
            }
        }

        try
        {
            decoded = Strict.GetString(bytes, 0, count);
            // A value that reads "*" once decoded would be taken for "any value".
            return decoded != "*";
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
