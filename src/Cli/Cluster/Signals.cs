using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Chain.Cli.Cluster;

/// <summary>What .NET cannot send to a process.</summary>
internal static partial class Signals
{
    private const int Terminate = 15;

    /// <summary>Asks a process to end. Nothing where it has ended.</summary>
    public static void SendTerminate(Process process)
    {
        if (!process.HasExited) _ = Kill(process.Id, Terminate);
    }

    /// <summary>How a process ended, from its exit code: of one that a signal ended .NET makes 128 and the signal's number.</summary>
    public static string HowEnded(int exitCode) => exitCode > 128 ? $"by signal {exitCode - 128}" : $"with exit code {exitCode}";

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
