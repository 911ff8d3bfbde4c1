using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>What of Orleans' log reaches the node's.</summary>
internal static class SiloLog
{
    public static void Quieten(ILoggingBuilder logging)
    {
        // Failures to start are told by the exception.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        // Each placement that is tried again would be a line with a stack trace.
        logging.AddFilter("Polly", LogLevel.None);
        logging.AddFilter("Orleans", LogLevel.Error);
        logging.AddFilter("Microsoft.Orleans", LogLevel.Error);
    }
}
