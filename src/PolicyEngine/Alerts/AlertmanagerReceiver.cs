using System.Text;

namespace Chain.PolicyEngine.Alerts;

/// <summary>Hands alerts to Prometheus Alertmanager (its API v2, <c>POST /api/v2/alerts</c>), which groups and routes them by its own rules.</summary>
/// <param name="name">See <see cref="IAlertReceiver.Name"/>.</param>
/// <param name="http">The client.</param>
/// <param name="url">Alertmanager's address, such as <c>http://localhost:9093</c>.</param>
public sealed class AlertmanagerReceiver(string name, HttpClient http, Uri url) : IAlertReceiver
{
    private readonly Uri _alerts = new(url.AbsoluteUri.TrimEnd('/') + "/api/v2/alerts");

    public string Name { get; } = name;

    public async Task SendAsync(Notice notice, CancellationToken cancellation)
    {
        bool resolved = notice.Status == "resolved";
        var alerts = notice.Alerts.Select(a => new
        {
            labels = new Dictionary<string, string>(a.Labels) { ["alertname"] = a.Labels.GetValueOrDefault("policy", "policy"), ["source"] = "chain" },
            annotations = new Dictionary<string, string>
            {
                ["summary"] = a.Message, ["version"] = a.Version, ["call"] = a.Call, ["trace"] = a.Trace, ["count"] = a.Total.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
            startsAt = a.FirstSeen,
            endsAt = resolved ? a.LastSeen : notice.EndsAt,
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, _alerts)
        {
            Content = new StringContent(AlertJson.Write(alerts), Encoding.UTF8, "application/json"),
        };
        await HttpDelivery.SendAsync(http, request, cancellation);
    }
}
