using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chain.Cli.RecordStore;

/// <summary>How the store's commands write figures and read spans of time.</summary>
internal static class StoreText
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) } };

    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes switch
    {
        < 10L << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 10} KiB"),
        < 10L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 30} GiB"),
    };

    /// <summary>Reads a point in time: an RFC 3339 time or date, or how long ago (<c>90s</c>, <c>15m</c>, <c>2h</c>, <c>30d</c>).</summary>
    /// <exception cref="CommandException">It is neither.</exception>
    public static DateTimeOffset Time(string option, string text, DateTimeOffset now)
    {
        if (text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out double amount) && amount < 1e6)
        {
            TimeSpan? ago = text[^1] switch
            {
                's' => TimeSpan.FromSeconds(amount),
                'm' => TimeSpan.FromMinutes(amount),
                'h' => TimeSpan.FromHours(amount),
                'd' => TimeSpan.FromDays(amount),
                _ => null,
            };
            if (ago is { } span) return now - span;
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        string[] formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];
        return DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, Utc, out DateTimeOffset time)
            ? time
            : throw new CommandException($"{option}: expected a time such as 2026-11-22T10:00:00Z, a date, or how long ago such as 15m or 30d; found '{text}'");
    }
}
