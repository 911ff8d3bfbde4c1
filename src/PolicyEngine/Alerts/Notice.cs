using System.Text.Json.Serialization;

namespace Chain.PolicyEngine.Alerts;

/// <summary>What a receiver is told: a group of alerts, with what is new in it since the last notice.</summary>
public sealed record Notice
{
    /// <summary>Distinct among all notices and the same for every attempt: a receiver that saw it before may ignore it.</summary>
    public required string Id { get; init; }

    /// <summary><c>firing</c> or <c>resolved</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The group's key.</summary>
    public required string Group { get; init; }

    /// <summary>The labels that the alerts of the group share.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The most severe alert's severity.</summary>
    public required string Severity { get; init; }

    /// <summary>Violations since the last notice of the group.</summary>
    public required long New { get; init; }

    /// <summary>Violations since the group began.</summary>
    public required long Total { get; init; }

    public required DateTimeOffset FirstSeen { get; init; }

    public required DateTimeOffset LastSeen { get; init; }

    /// <summary>When the group counts as resolved unless it goes on.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The alerts with something new, the most severe first; at most <see cref="MaxAlerts"/>.</summary>
    public required IReadOnlyList<NoticeAlert> Alerts { get; init; }

    /// <summary>How many alerts with something new are left out of <see cref="Alerts"/>.</summary>
    public int Omitted { get; init; }

    [JsonIgnore]
    public const int MaxAlerts = 50;
}

/// <summary>One alert in a notice.</summary>
public sealed record NoticeAlert
{
    public required string Fingerprint { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required string Severity { get; init; }

    /// <summary>The message of the last violation.</summary>
    public required string Message { get; init; }

    /// <summary>The version of the policy.</summary>
    public required string Version { get; init; }

    /// <summary>The last call and its trace, hexadecimal.</summary>
    public required string Call { get; init; }

    public required string Trace { get; init; }

    public required long New { get; init; }

    public required long Total { get; init; }

    public required DateTimeOffset FirstSeen { get; init; }

    public required DateTimeOffset LastSeen { get; init; }
}

/// <summary>Somebody who is told of alerts.</summary>
public interface IAlertReceiver
{
    /// <summary>Names the receiver for ever: undelivered notices are found by it after a restart.</summary>
    string Name { get; }

    /// <summary>Hands a notice over; when this returns the receiver has it.</summary>
    /// <param name="notice">The notice.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="AlertDeliveryException">The receiver did not take it.</exception>
    Task SendAsync(Notice notice, CancellationToken cancellation);
}

/// <summary>A receiver did not take a notice; it will be tried again.</summary>
public sealed class AlertDeliveryException(string message, Exception? inner = null) : Exception(message, inner);
