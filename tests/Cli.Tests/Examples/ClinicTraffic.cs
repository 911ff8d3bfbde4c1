using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Chain.Cli.Tests.Examples;

/// <summary>A request of <c>traffic.yaml</c>, which explains each part.</summary>
internal sealed partial record ClinicRequest(YamlMappingNode Node)
{
    public string Name => Text(Node, "name")!;

    public string Outcome => Text(Node, "outcome")!;

    public string? Policy => Text(Node, "policy");

    public HttpMethod Method => HttpMethod.Parse(Text(Node, "request")!.Split(' ')[0]);

    public JsonNode? Body => Child("body") is { } body ? Json(body) : null;

    public JsonObject? Answer => Child("answer") is { } answer ? (JsonObject)Json(answer) : null;

    public IEnumerable<KeyValuePair<string, string>> Save =>
        Child("save") is YamlMappingNode save ? save.Children.Select(pair => KeyValuePair.Create(pair.Key.ToString(), pair.Value.ToString())) : [];

    public int Status => int.Parse(Text(Node, "status")!);

    /// <summary>What the message to the relay says; nothing where none leaves.</summary>
    public string[] Mail => Texts(Node, "mail");

    /// <summary>The status where no policy stands in the way.</summary>
    public int UnguardedStatus => int.Parse((Child("unguarded") is YamlMappingNode unguarded ? Text(unguarded, "status") : null) ?? Text(Node, "status")!);

    /// <summary>What the message to the relay says where no policy stands in the way; nothing where there is no message.</summary>
    public string[] UnguardedMail => Texts(Child("unguarded") is YamlMappingNode unguarded ? unguarded : Node, "mail");

    public static IReadOnlyList<ClinicRequest> All()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(System.IO.Path.Combine(Clinic.Folder, "traffic.yaml"))));
        var requests = (YamlSequenceNode)((YamlMappingNode)yaml.Documents[0].RootNode).Children["requests"];
        return [.. requests.Select(node => new ClinicRequest((YamlMappingNode)node))];
    }

    public string Path(IReadOnlyDictionary<string, string> saved) => Placeholder().Replace(Text(Node, "request")!.Split(' ')[1], match => saved[match.Groups[1].Value]);

    private YamlNode? Child(string key) => Node.Children.TryGetValue(key, out YamlNode? value) ? value : null;

    private static string? Text(YamlMappingNode node, string key) => node.Children.TryGetValue(key, out YamlNode? value) ? value.ToString() : null;

    private static string[] Texts(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(key, out YamlNode? value) ? [.. ((YamlSequenceNode)value).Select(text => text.ToString())] : [];

    private static JsonNode Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(pair.Key.ToString(), (JsonNode?)Json(pair.Value)))),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } when int.TryParse(text, out int number) => number,
        _ => JsonValue.Create(node.ToString())!,
    };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
