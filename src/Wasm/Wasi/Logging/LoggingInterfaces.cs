using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Logging;

/// <summary>The enum <c>level</c> of <c>wasi:logging/logging</c>.</summary>
public enum LogLevel
{
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

/// <summary>What a guest says. Its texts are the guest's: they may hold line ends and control characters.</summary>
/// <param name="Level">How bad it is.</param>
/// <param name="Context">What it is about; 1 KiB characters at most.</param>
/// <param name="Message">64 KiB characters at most.</param>
public sealed record GuestLogEntry(LogLevel Level, string Context, string Message);

/// <summary>Where a guest's log goes: what functions of <c>wasi:logging</c> need in a store.</summary>
/// <param name="write">Called on the guest's thread.</param>
public sealed class LoggingState(Action<GuestLogEntry> write)
{
    private const int LongestContext = 1024;
    private const int LongestMessage = 64 * 1024;

    /// <summary><c>log</c>: what is too long is cut.</summary>
    public void Log(LogLevel level, string context, string message) =>
        write(new GuestLogEntry(level, Cut(context, LongestContext), Cut(message, LongestMessage)));

    private static string Cut(string text, int longest)
    {
        if (text.Length <= longest) return text;
        return char.IsHighSurrogate(text[longest - 1]) ? text[..(longest - 1)] : text[..longest];
    }
}

/// <summary>The interface of <c>wasi:logging</c>, which is imported without a version and with one. Its stores need a <see cref="LoggingState"/>.</summary>
public static class LoggingInterfaces
{
    public static IReadOnlyList<HostInterface> All { get; } = [Create("wasi:logging/logging"), Create("wasi:logging/logging@0.1.0-draft")];

    private static HostInterface Create(string name) => new HostInterface(name).Function(
        "log", static (ComponentStore store, LogLevel level, string context, string message) => store.Get<LoggingState>().Log(level, context, message));
}
