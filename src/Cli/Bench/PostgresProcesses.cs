using System.Globalization;

namespace Chain.Cli.Bench;

/// <summary>The processes of a private Postgres, as Linux shows them under <c>/proc</c>.</summary>
/// <param name="server">The process id of its postmaster.</param>
internal sealed class PostgresProcesses(int server)
{
    // Ticks of /proc/PID/stat, 100 a second on every platform that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly string postmaster = server.ToString(CultureInfo.InvariantCulture);

    /// <summary>What they have taken so far, those that ended included; zero where there is no <c>/proc</c>.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            if (!Directory.Exists("/proc/self")) return TimeSpan.Zero;
            double seconds = 0;
            foreach (string process in Directory.EnumerateDirectories("/proc"))
            {
                if (!char.IsAsciiDigit(Path.GetFileName(process)[0]) || Read(process) is not { } fields) continue;
                bool isPostmaster = Path.GetFileName(process) == postmaster;
                // Fields from the state on (proc_pid_stat(5)): parent, then user and system time, then those of children that ended.
                if (isPostmaster || fields[1] == postmaster) seconds += Running(process) ?? ((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
                if (isPostmaster) seconds += (Number(fields[13]) + Number(fields[14])) / TicksPerSecond;
            }

            return TimeSpan.FromSeconds(seconds);
        }
    }

    private static long Number(string field) => long.Parse(field, CultureInfo.InvariantCulture);

    // Exact, where the kernel counts it (Documentation/scheduler/sched-stats.rst of Linux). A server process has one thread.
    private static double? Running(string process)
    {
        try
        {
            return double.Parse(File.ReadAllText(Path.Combine(process, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string[]? Read(string process)
    {
        try
        {
            string text = File.ReadAllText(Path.Combine(process, "stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }
}
