namespace Chain.PolicyEngine.Alerts;

/// <summary>Writes notices as lines, for a terminal or a log that is collected.</summary>
/// <param name="name">See <see cref="IAlertReceiver.Name"/>.</param>
/// <param name="output">Where to.</param>
public sealed class ConsoleReceiver(string name, TextWriter output) : IAlertReceiver
{
    public string Name { get; } = name;

    public Task SendAsync(Notice notice, CancellationToken cancellation)
    {
        output.WriteLine($"{notice.LastSeen:yyyy-MM-ddTHH:mm:ss.fffZ} {notice.Severity.ToUpperInvariant()} {notice.Status} {notice.Labels.GetValueOrDefault("policy", "")}: {notice.New} new, {notice.Total} in all");
        foreach (NoticeAlert alert in notice.Alerts) output.WriteLine($"  {alert.Message} ({alert.New} new; last call {alert.Call}, trace {alert.Trace})");
        if (notice.Omitted > 0) output.WriteLine($"  and {notice.Omitted} more");
        return Task.CompletedTask;
    }
}
