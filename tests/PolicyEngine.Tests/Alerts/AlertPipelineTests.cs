using System.Text.Json;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Tests.Policies;
using Chain.Tests;
using Npgsql;

namespace Chain.PolicyEngine.Tests.Alerts;

public sealed class AlertPipelineTests
{
    private static readonly HttpClient Http = new();

    [PostgresFact]
    public async Task ADeniedCallReachesAWebhookOnceAndSigned()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using var receiver = new TestReceiver();

        // All ten are there before the first notice is made, however slowly this goes.
        var options = new AlertOptions { FirstWait = TimeSpan.FromSeconds(2), Receivers = [new WebhookReceiver("hook", Http, receiver.Url, "secret")] };
        await using var pipeline = new AlertPipeline(database, options);
        PolicySet set = Sets.Load("policy: p\neffect: deny\nseverity: high\nmessage: \"no {{ data.tags }} to {{ callee.name }}\"\n");
        CallFacts facts = Sets.Call(set, "x/mailer", "pii");
        for (int i = 0; i < 10; i++) pipeline.Raise(set.Decide(facts), facts);
        Received received = Assert.Single(await receiver.WaitAsync(1));
        await Task.Delay(300);
        Assert.Single(receiver.All);
        Assert.Equal((10L, "no pii to x/mailer", "high"), (received.Notice.Total, received.Notice.Alerts[0].Message, received.Notice.Severity));
        Assert.Equal(received.Notice.Id, received.NoticeId);
        Assert.True(WebhookReceiver.IsSigned(received.Signature, received.Body, "secret", DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1)));
        Assert.False(WebhookReceiver.IsSigned(received.Signature, received.Body, "other", DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1)));
        Assert.False(WebhookReceiver.IsSigned(received.Signature, received.Body, "secret", DateTimeOffset.UtcNow.AddHours(1), TimeSpan.FromMinutes(1)));
        Assert.False(WebhookReceiver.IsSigned(received.Signature, [.. received.Body, 32], "secret", DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1)));
    }

    [PostgresFact]
    public async Task AReceiverThatFailsIsTriedAgainUntilItTakesTheNotice()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using var receiver = new TestReceiver(status: n => n < 4 ? 503 : 200);
        var options = new AlertOptions { FirstRetry = TimeSpan.FromMilliseconds(50), Receivers = [new WebhookReceiver("hook", Http, receiver.Url, null)] };
        await using var pipeline = new AlertPipeline(database, options);
        pipeline.Raise(AlertStoreTests.Violation(0) with { At = DateTimeOffset.UtcNow });
        Assert.Single(await receiver.WaitAsync(1));
        Assert.Equal(4, receiver.Requests);
        await using NpgsqlCommand command = database.CreateCommand("SELECT attempts FROM notice WHERE delivered IS NOT NULL");
        for (int i = 0; i < 3000 && await command.ExecuteScalarAsync() is null; i++) await Task.Delay(10);
        Assert.Equal(4, await command.ExecuteScalarAsync());
    }

    [PostgresFact]
    public async Task WhatOneProcessLeftInTheOutboxTheNextOneSends()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        int port = TestReceiver.FreePort();
        var options = new AlertOptions
        {
            FirstRetry = TimeSpan.FromMilliseconds(100),
            Receivers = [new WebhookReceiver("hook", Http, new Uri($"http://127.0.0.1:{port}/hook"), null)],
        };
        await using (var first = new AlertPipeline(database, options))
        {
            first.Raise(AlertStoreTests.Violation(0) with { At = DateTimeOffset.UtcNow });
            await using NpgsqlCommand failed = database.CreateCommand("SELECT count(*) FROM notice WHERE error IS NOT NULL");
            for (int i = 0; i < 3000 && (long)(await failed.ExecuteScalarAsync())! == 0; i++) await Task.Delay(10);
        }

        using var receiver = new TestReceiver(port);
        await using var second = new AlertPipeline(database, options);
        Assert.Single(await receiver.WaitAsync(1));
        await Task.Delay(300);
        Assert.Equal(1, receiver.Requests);
    }

    [PostgresFact]
    public async Task ViolationsAreNotLostWhileNobodyReadsThemYet()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var options = new AlertOptions { QueueLength = 10, Receivers = [] };
        var pipeline = new AlertPipeline(database, options);
        for (int i = 0; i < 5; i++) pipeline.Raise(AlertStoreTests.Violation(0, policy: $"p{i}") with { At = DateTimeOffset.UtcNow });
        await pipeline.DisposeAsync();
        Assert.Equal(0, pipeline.Dropped);
        await using NpgsqlCommand stored = database.CreateCommand("SELECT count(*) FROM violation");
        Assert.Equal(5L, await stored.ExecuteScalarAsync());
    }

    [AlertmanagerFact]
    public async Task AlertmanagerAcceptsAndShowsTheAlerts()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using AlertmanagerServer server = await AlertmanagerServer.StartAsync();
        await using var pipeline = new AlertPipeline(database, new AlertOptions { Receivers = [new AlertmanagerReceiver("am", Http, server.Url)] });
        pipeline.Raise(AlertStoreTests.Violation(0, policy: "pii-stays-inside") with { At = DateTimeOffset.UtcNow });
        JsonElement[] alerts = [];
        for (int i = 0; i < 1000 && alerts.Length == 0; i++)
        {
            await Task.Delay(10);
            using JsonDocument shown = JsonDocument.Parse(await Http.GetStringAsync(new Uri(server.Url, "/api/v2/alerts")));
            alerts = [.. shown.RootElement.Clone().EnumerateArray()];
        }

        JsonElement alert = Assert.Single(alerts);
        Assert.Equal("pii-stays-inside", alert.GetProperty("labels").GetProperty("alertname").GetString());
        Assert.Equal("critical", alert.GetProperty("labels").GetProperty("severity").GetString());
        Assert.Equal("a/b may not", alert.GetProperty("annotations").GetProperty("summary").GetString());
        Assert.Equal("active", alert.GetProperty("status").GetProperty("state").GetString());
    }

    [Fact]
    public void AWrongConfigurationSaysAllThatIsWrong()
    {
        const string yaml = """
            group-by: [policy, colour]
            repeat: soon
            receivers:
              - name: a
                webhook: ftp://x
              - name: a
                console: true
              - name: b
              - { name: c, webhook: "http://x", secret-env: CHAIN_NO_SUCH_VARIABLE }
            """;
        var e = Assert.Throws<PolicySetException>(() => AlertConfiguration.Read(new PolicyFile("alerts.yaml", yaml), Http, TextWriter.Null));
        Assert.Equal(
            [
                "alerts.yaml:1:20: 'group-by' lists some of policy, severity, effect, caller, callee, function, event, found 'colour'",
                "alerts.yaml:2:9: 'repeat' is a duration such as 50ms, 5m or 1h30m, found 'soon'",
                "alerts.yaml:5:14: 'webhook' is an http or https address, found 'ftp://x'",
                "alerts.yaml:6:11: a second receiver is called 'a'",
                "alerts.yaml:8:11: a receiver has one of webhook, alertmanager, console, found none",
                "alerts.yaml:9:49: the environment variable 'CHAIN_NO_SUCH_VARIABLE' is not set",
            ],
            e.Issues.Select(i => $"{i.Place}: {i.Message}"));
    }
}
