using Chain.PolicyEngine.Expressions.Values;
using Chain.PolicyEngine.Policies;
using YamlDotNet.RepresentationModel;

namespace Chain.PolicyEngine.Alerts;

/// <summary>Reads how alerts are grouped and who is told, from YAML (docs/alerts.md).</summary>
public static class AlertConfiguration
{
    private static readonly string[] Keys = ["group-by", "first-wait", "repeat", "resolve-after", "receivers"];
    private static readonly string[] ReceiverKeys = ["name", "webhook", "secret-env", "alertmanager", "console"];

    /// <summary>Reads a configuration.</summary>
    /// <param name="file">The text.</param>
    /// <param name="http">The client that receivers send with.</param>
    /// <param name="output">Where a console receiver writes.</param>
    /// <exception cref="PolicySetException">It is wrong; every error.</exception>
    public static AlertOptions Read(PolicyFile file, HttpClient http, TextWriter output)
    {
        var issues = new List<PolicyIssue>();
        YamlSource yaml = YamlSource.Read(file.Name, file.Text, issues);
        var options = new AlertOptions();
        if (issues.Count == 0 && yaml.Documents.Count != 1)
        {
            issues.Add(new PolicyIssue(IssueLevel.Error, new PolicyPlace(file.Name, 1, 1, ""), $"expected one document, found {yaml.Documents.Count}"));
        }
        else if (issues.Count == 0)
        {
            var fields = new YamlFields(yaml, yaml.Documents[0], "an alert configuration");
            if (fields.IsMapping)
            {
                fields.Only(Keys);
                options = options with
                {
                    GroupBy = fields.Has("group-by") ? GroupBy(fields) : options.GroupBy,
                    FirstWait = Time(fields, "first-wait", options.FirstWait),
                    Repeat = Time(fields, "repeat", options.Repeat),
                    ResolveAfter = Time(fields, "resolve-after", options.ResolveAfter),
                    Receivers = Receivers(yaml, fields, http, output),
                };
            }
        }

        return issues.Count == 0 ? options : throw new PolicySetException(issues);
    }

    private static List<string> GroupBy(YamlFields fields)
    {
        var labels = new List<string>();
        foreach (YamlScalarNode node in fields.Scalars("group-by"))
        {
            if (Silence.Labels.Contains(node.Value)) labels.Add(node.Value!);
            else fields.Error(node, $"'group-by' lists some of {string.Join(", ", Silence.Labels)}, found '{node.Value}'");
        }

        return labels;
    }

    private static TimeSpan Time(YamlFields fields, string key, TimeSpan absent)
    {
        if (fields.Scalar(key) is not YamlScalarNode scalar) return absent;
        if (DurationText.TryParse(scalar.Value ?? "", out long nanoseconds) && nanoseconds >= 0) return TimeSpan.FromTicks(nanoseconds / 100);
        fields.Error(scalar, $"'{key}' is a duration such as 50ms, 5m or 1h30m, found '{scalar.Value}'");
        return absent;
    }

    private static List<IAlertReceiver> Receivers(YamlSource yaml, YamlFields fields, HttpClient http, TextWriter output)
    {
        var receivers = new List<IAlertReceiver>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (fields.Node("receivers") is not YamlSequenceNode list)
        {
            fields.Error("receivers", "'receivers' is a list of receivers, each with a name and one of webhook, alertmanager, console");
            return receivers;
        }

        foreach (YamlNode child in list.Children)
        {
            var receiver = new YamlFields(yaml, child, "a receiver");
            if (!receiver.IsMapping) continue;
            receiver.Only(ReceiverKeys);
            string name = receiver.RequiredText("name");
            if (!names.Add(name)) receiver.Error("name", $"a second receiver is called '{name}'");
            if (Receiver(receiver, name, http, output) is IAlertReceiver made) receivers.Add(made);
        }

        return receivers;
    }

    private static IAlertReceiver? Receiver(YamlFields receiver, string name, HttpClient http, TextWriter output)
    {
        string[] kinds = [.. ((string[])["webhook", "alertmanager", "console"]).Where(receiver.Has)];
        if (kinds.Length != 1)
        {
            receiver.Error("name", $"a receiver has one of webhook, alertmanager, console, found {(kinds.Length == 0 ? "none" : string.Join(" and ", kinds))}");
            return null;
        }

        if (kinds[0] == "console") return new ConsoleReceiver(name, output);
        string text = receiver.Text(kinds[0]);
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            receiver.Error(kinds[0], $"'{kinds[0]}' is an http or https address, found '{text}'");
            return null;
        }

        if (kinds[0] == "alertmanager") return new AlertmanagerReceiver(name, http, url);
        string? secret = null;
        if (receiver.Has("secret-env"))
        {
            string variable = receiver.Text("secret-env");
            secret = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrEmpty(secret)) receiver.Error("secret-env", $"the environment variable '{variable}' is not set");
        }

        return new WebhookReceiver(name, http, url, secret);
    }
}
