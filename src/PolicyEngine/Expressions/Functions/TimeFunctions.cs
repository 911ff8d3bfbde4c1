using System.Globalization;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The parts of timestamps and durations; months, days of the month and of the year count from 0, <c>getDate</c> from 1.</summary>
internal static class TimeFunctions
{
    private const long NanosPerSecond = 1_000_000_000;

    public static void AddTo(FunctionTable table)
    {
        Part("getFullYear", static (time, _) => time.Year);
        Part("getMonth", static (time, _) => time.Month - 1);
        Part("getDate", static (time, _) => time.Day);
        Part("getDayOfMonth", static (time, _) => time.Day - 1);
        Part("getDayOfYear", static (time, _) => time.DayOfYear - 1);
        Part("getDayOfWeek", static (time, _) => (int)time.DayOfWeek);
        Part("getHours", static (time, _) => time.Hour);
        Part("getMinutes", static (time, _) => time.Minute);
        Part("getSeconds", static (time, _) => time.Second);
        Part("getMilliseconds", static (_, nanos) => nanos / 1_000_000);
        Total("getHours", static ns => ns / (3600 * NanosPerSecond));
        Total("getMinutes", static ns => ns / (60 * NanosPerSecond));
        Total("getSeconds", static ns => ns / NanosPerSecond);
        Total("getMilliseconds", static ns => ns % NanosPerSecond / 1_000_000);

        void Part(string name, Func<DateTime, int, int> part)
        {
            table.Add(name, Overload.Of($"timestamp_{name}", true, CelType.Int, CelType.Timestamp, (v, _) =>
                Value.Int(part(v.AsTimestamp.ToUtcSeconds(), v.AsTimestamp.Nanos))));
            table.Add(name, Overload.Of($"timestamp_{name}_tz", true, CelType.Int, CelType.Timestamp, CelType.String, (v, zone, _) =>
                TryLocal(v.AsTimestamp, zone.AsString, out DateTime local)
                    ? Value.Int(part(local, v.AsTimestamp.Nanos))
                    : Value.Error($"{zone} is not a time zone, or the time there is out of range")));
        }

        void Total(string name, Func<long, long> total) =>
            table.Add(name, Overload.Of($"duration_{name}", true, CelType.Int, CelType.Duration, (v, _) => Value.Int(total(v.AsDuration))));
    }

    private static bool TryLocal(Timestamp time, string zone, out DateTime local)
    {
        DateTime utc = time.ToUtcSeconds();
        local = utc;
        if (!TryOffset(zone, utc, out TimeSpan offset)) return false;
        long ticks = utc.Ticks + offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks) return false;
        local = new DateTime(ticks, DateTimeKind.Unspecified);
        return true;
    }

    /// <summary>An offset such as <c>-02:30</c> or <c>02:00</c>, or the name of a zone of the IANA database.</summary>
    private static bool TryOffset(string zone, DateTime utc, out TimeSpan offset)
    {
        offset = default;
        ReadOnlySpan<char> text = zone;
        bool negative = text.Length > 0 && text[0] == '-';
        if (text.Length > 0 && text[0] is '+' or '-') text = text[1..];
        if (text.Length == 5 && text[2] == ':')
        {
            if (!int.TryParse(text[..2], NumberStyles.None, CultureInfo.InvariantCulture, out int hours) ||
                !int.TryParse(text[3..], NumberStyles.None, CultureInfo.InvariantCulture, out int minutes) || hours > 23 || minutes > 59)
            {
                return false;
            }

            offset = new TimeSpan(hours, minutes, 0);
            if (negative) offset = -offset;
            return true;
        }

        if (zone.Length is 0 or > 64 || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out TimeZoneInfo? found)) return false;
        offset = found.GetUtcOffset(utc);
        return true;
    }
}
