using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Chain.Cli.Demo;

/// <summary>A request of an example's <c>traffic.yaml</c>, which explains each part at its top.</summary>
internal sealed partial record DemoRequest(YamlMappingNode Node)
{
    public string Name => Text("name") ?? "";

    public string Outcome => Text("outcome") ?? "allowed";

    public string? Policy => Text("policy");

    public string Method => (Text("request") ?? "GET /").Split(' ')[0];

    public JsonNode? Body => Child("body") is { } body ? Json(body) : null;

    /// <summary>Fields of the JSON answer, where they are known.</summary>
    public JsonObject? Answer => Child("answer") is { } answer ? (JsonObject)Json(answer) : null;

    /// <summary>Of the answer.</summary>
    public int Status => Number(Node) ?? 200;

    /// <summary>What the message to the relay says; nothing where none leaves.</summary>
    public string[] Mail => Texts(Node);

    /// <summary>The status where no policy stands in the way.</summary>
    public int UnguardedStatus => (Child("unguarded") is YamlMappingNode unguarded ? Number(unguarded) : null) ?? Status;

    /// <summary>What the message to the relay says where no policy stands in the way; nothing where there is no message.</summary>
    public string[] UnguardedMail => Texts(Child("unguarded") as YamlMappingNode ?? Node);

    /// <summary>Names for fields of the answer that later requests use.</summary>
    public IEnumerable<KeyValuePair<string, string>> Save =>
        Child("save") is YamlMappingNode save ? save.Children.Select(static pair => KeyValuePair.Create(pair.Key.ToString(), pair.Value.ToString())) : [];

    /// <exception cref="CommandException">The file is no traffic.</exception>
    public static IReadOnlyList<DemoRequest> Read(string file)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(File.ReadAllText(file)));
            var requests = (YamlSequenceNode)((YamlMappingNode)yaml.Documents[0].RootNode).Children["requests"];
            return [.. requests.Select(static node => new DemoRequest((YamlMappingNode)node))];
        }
        catch (Exception wrong) when (wrong is YamlException or InvalidCastException or KeyNotFoundException or ArgumentOutOfRangeException)
        {
            throw new CommandException($"{file}: expected a mapping with a list 'requests': {wrong.Message}");
        }
    }

    /// <summary>The path, with what earlier answers gave put in.</summary>
    public string Path(IReadOnlyDictionary<string, string> saved) =>
        Placeholder().Replace((Text("request") ?? "GET /").Split(' ')[^1], match => saved.GetValueOrDefault(match.Groups[1].Value, match.Value));

    private YamlNode? Child(string key) => Node.Children.TryGetValue(key, out YamlNode? value) ? value : null;

    private string? Text(string key) => Child(key)?.ToString();

    private static int? Number(YamlMappingNode node) =>
        node.Children.TryGetValue("status", out YamlNode? value) ? int.Parse(value.ToString(), System.Globalization.CultureInfo.InvariantCulture) : null;

    private static string[] Texts(YamlMappingNode node) =>
        node.Children.TryGetValue("mail", out YamlNode? value) ? [.. ((YamlSequenceNode)value).Select(static text => text.ToString())] : [];

    private static JsonNode Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(static pair => KeyValuePair.Create(pair.Key.ToString(), (JsonNode?)Json(pair.Value)))),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } when int.TryParse(text, out int number) => number,
        _ => JsonValue.Create(node.ToString())!,
    };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
