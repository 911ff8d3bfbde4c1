using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Clocks;

/// <summary>The record <c>datetime</c>: seconds since 1970-01-01T00:00:00Z, and nanoseconds, which are less than 1,000,000,000.</summary>
public readonly record struct Datetime(ulong Seconds, uint Nanoseconds)
{
    /// <summary>The time at <paramref name="time"/>; the beginning of 1970 for all before.</summary>
    public static Datetime From(DateTimeOffset time)
    {
        long ticks = Math.Max(0, (time - DateTimeOffset.UnixEpoch).Ticks);
        return new Datetime((ulong)(ticks / TimeSpan.TicksPerSecond), (uint)(ticks % TimeSpan.TicksPerSecond) * 100);
    }
}

/// <summary>The record <c>timezone-display</c>.</summary>
public sealed record TimezoneDisplay(int UtcOffset, string Name, bool InDaylightSavingTime);

/// <summary>The interfaces of <c>wasi:clocks</c>: the times of <see cref="WasiOptions.Time"/> and <see cref="WasiOptions.TimeZone"/>.</summary>
public static class ClockInterfaces
{
    public static HostInterface MonotonicClock { get; } = new HostInterface("wasi:clocks/monotonic-clock@" + WasiInterfaces.Version)
        .Function("now", static (ComponentStore store) => store.Get<WasiState>().Monotonic.Now)
        .Function("resolution", static (ComponentStore store) => store.Get<WasiState>().Monotonic.Resolution)
        .Function("subscribe-instant", static Pollable (ComponentStore store, ulong when) => store.Get<WasiState>().Monotonic.At(when))
        .Function("subscribe-duration", static Pollable (ComponentStore store, ulong when) => store.Get<WasiState>().Monotonic.After(when));

    public static HostInterface WallClock { get; } = new HostInterface("wasi:clocks/wall-clock@" + WasiInterfaces.Version)
        .Function("now", static (ComponentStore store) => Datetime.From(store.Get<WasiState>().Options.Time.GetUtcNow()))
        .Function("resolution", static () => new Datetime(0, 100));

    public static HostInterface Timezone { get; } = new HostInterface("wasi:clocks/timezone@" + WasiInterfaces.Version)
        .Function("display", static (ComponentStore store, Datetime when) => Display(store.Get<WasiState>().Options.TimeZone, when))
        .Function("utc-offset", static (ComponentStore store, Datetime when) => Display(store.Get<WasiState>().Options.TimeZone, when).UtcOffset);

    private static TimezoneDisplay Display(TimeZoneInfo zone, Datetime when)
    {
        // A time that .NET has none for is shown as UTC, as the documentation asks where the time zone cannot be determined.
        if (when.Seconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() || zone == TimeZoneInfo.Utc) return new TimezoneDisplay(0, "UTC", false);
        DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds((long)when.Seconds);
        bool isDaylight = zone.IsDaylightSavingTime(time);
        return new TimezoneDisplay((int)zone.GetUtcOffset(time).TotalSeconds, isDaylight ? zone.DaylightName : zone.StandardName, isDaylight);
    }
}
