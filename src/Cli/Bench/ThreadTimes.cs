using System.Globalization;

namespace Chain.Cli.Bench;

/// <summary>Processor time of this process's threads, as Linux shows it under <c>/proc/self/task</c>; nothing elsewhere. Threads that ended are left out.</summary>
internal static class ThreadTimes
{
    /// <summary>What each thread has taken so far, in microseconds, with its name.</summary>
    public static IReadOnlyDictionary<string, (string Name, double Microseconds)> Read()
    {
        var times = new Dictionary<string, (string, double)>();
        if (!Directory.Exists("/proc/self/task")) return times;
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                string name = File.ReadAllText(Path.Combine(thread, "comm")).Trim();
                // Nanoseconds on a processor come first (Documentation/scheduler/sched-stats.rst of Linux).
                double nanoseconds = double.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
                times[thread] = (name, nanoseconds / 1000);
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return times;
    }

    /// <summary>What the threads of each name have taken between two readings, in microseconds. Numbers at the end of a name do not count.</summary>
    public static IEnumerable<(string Name, double Microseconds)> Between(
        IReadOnlyDictionary<string, (string Name, double Microseconds)> before, IReadOnlyDictionary<string, (string Name, double Microseconds)> after) =>
        after.Select(one => (Name: one.Value.Name.TrimEnd([.. "0123456789 "]), Taken: one.Value.Microseconds - before.GetValueOrDefault(one.Key).Microseconds))
            .GroupBy(static one => one.Name, static one => one.Taken).Select(static group => (group.Key, group.Sum()));
}
