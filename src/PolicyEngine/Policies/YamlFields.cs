using Chain.PolicyEngine.Expressions.Types;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Chain.PolicyEngine.Policies;

/// <summary>The fields of one YAML mapping, and the errors of those that are not what they should be.</summary>
public sealed class YamlFields
{
    private readonly YamlSource _yaml;
    private readonly YamlNode _node;
    private readonly string _what;
    private readonly Dictionary<string, (YamlScalarNode Key, YamlNode Value)> _fields = new(StringComparer.Ordinal);

    /// <param name="yaml">The file.</param>
    /// <param name="node">What should be a mapping.</param>
    /// <param name="what">What it is, for errors.</param>
    public YamlFields(YamlSource yaml, YamlNode node, string what)
    {
        _yaml = yaml;
        _node = node;
        _what = what;
        if (node is not YamlMappingNode mapping)
        {
            yaml.Error(node, $"{what} is a mapping, found {Kind(node)}");
            return;
        }

        IsMapping = true;
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: string name } scalar) _fields[name] = (scalar, value);
            else yaml.Error(key, $"a key of {what} is a word, found {Kind(key)}");
        }
    }

    /// <summary>Whether it is a mapping at all; otherwise that was said, and there are no fields.</summary>
    public bool IsMapping { get; }

    /// <summary>Where the mapping begins.</summary>
    public PolicyPlace Place => _yaml.PlaceOf(_node);

    /// <summary>All fields, in the order of the file.</summary>
    public IEnumerable<(string Name, YamlNode Value)> All => _fields.Select(f => (f.Key, f.Value.Value));

    public bool Has(string key) => _fields.ContainsKey(key);

    /// <summary>A field's value; null where the key is absent.</summary>
    public YamlNode? Node(string key) => _fields.TryGetValue(key, out var field) ? field.Value : null;

    /// <summary>Where a field's key stands; the mapping where it is absent.</summary>
    public PolicyPlace KeyPlace(string key) => _fields.TryGetValue(key, out var field) ? _yaml.PlaceOf(field.Key) : Place;

    /// <summary>An error at a node.</summary>
    public void Error(YamlNode node, string message) => _yaml.Error(node, message);

    /// <summary>An error at a field's value; at the mapping where the field is absent.</summary>
    public void Error(string key, string message) => _yaml.Error(Node(key) ?? _node, message);

    /// <summary>Refuses every other key.</summary>
    public void Only(IReadOnlyList<string> known)
    {
        foreach ((string name, (YamlScalarNode key, _)) in _fields)
        {
            if (known.Contains(name)) continue;
            string? near = NearestName.Of(name, known);
            string hint = near is null ? $"expected one of {string.Join(", ", known)}" : $"did you mean '{near}'?";
            _yaml.Error(key, $"{_what} has no key '{name}'; {hint}");
        }
    }

    /// <summary>A text that must be there; empty, after an error, where it is not.</summary>
    public string RequiredText(string key)
    {
        if (!Has(key)) _yaml.Error(_node, $"{_what} needs the key '{key}'");
        return Text(key);
    }

    /// <summary>A text; empty where the key is absent.</summary>
    public string Text(string key) => Scalar(key)?.Value ?? "";

    /// <summary>The scalar of a key; null where the key is absent or holds something else, which is then an error.</summary>
    public YamlScalarNode? Scalar(string key)
    {
        YamlNode? node = Node(key);
        if (node is null) return null;
        if (node is YamlScalarNode scalar && !IsNull(scalar)) return scalar;
        if (!_reported.Add(key)) return null;
        _yaml.Error(node, $"'{key}' is a text, found {Kind(node)}");
        return null;
    }

    private readonly HashSet<string> _reported = [];

    /// <summary>A scalar, or a list of scalars.</summary>
    public IReadOnlyList<YamlScalarNode> Scalars(string key) => Node(key) is YamlNode node ? Scalars(key, node) : [];

    /// <summary>A whole number; 0 where the key is absent, or after an error.</summary>
    public int Int(string key)
    {
        if (Scalar(key) is not YamlScalarNode scalar) return 0;
        if (int.TryParse(scalar.Value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int value)) return value;
        _yaml.Error(scalar, $"'{key}' is a whole number, found '{scalar.Value}'");
        return 0;
    }

    /// <summary>What one of several words stands for.</summary>
    public T OneOf<T>(string key, IReadOnlyList<(string Word, T Value)> choices, T absent) =>
        Scalar(key) is YamlScalarNode scalar ? OneOf(scalar, key, choices) : absent;

    /// <inheritdoc cref="OneOf{T}(string, IReadOnlyList{ValueTuple{string, T}}, T)"/>
    public T OneOf<T>(YamlScalarNode scalar, string key, IReadOnlyList<(string Word, T Value)> choices)
    {
        foreach ((string word, T value) in choices)
        {
            if (scalar.Value == word) return value;
        }

        string? near = NearestName.Of(scalar.Value ?? "", choices.Select(c => c.Word));
        string hint = near is null ? "" : $"; did you mean '{near}'?";
        _yaml.Error(scalar, $"'{key}' is one of {string.Join(", ", choices.Select(c => c.Word))}, found '{scalar.Value}'{hint}");
        return choices[0].Value;
    }

    private List<YamlScalarNode> Scalars(string key, YamlNode node)
    {
        switch (node)
        {
            case YamlScalarNode scalar when !IsNull(scalar):
                return [scalar];
            case YamlSequenceNode { Children.Count: > 0 } sequence:
                var found = new List<YamlScalarNode>();
                foreach (YamlNode child in sequence.Children)
                {
                    if (child is YamlScalarNode scalar && !IsNull(scalar)) found.Add(scalar);
                    else _yaml.Error(child, $"'{key}' lists texts, found {Kind(child)}");
                }

                return found;
            default:
                _yaml.Error(node, $"'{key}' is a text or a list of texts, found {Kind(node)}");
                return [];
        }
    }

    private static bool IsNull(YamlScalarNode scalar) => scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null";

    /// <summary>What a node is, for errors: <c>a mapping</c>, <c>an empty list</c>, <c>nothing</c>, or the scalar in quotes.</summary>
    public static string Kind(YamlNode node) => node switch
    {
        YamlMappingNode => "a mapping",
        YamlSequenceNode { Children.Count: 0 } => "an empty list",
        YamlSequenceNode => "a list",
        YamlScalarNode scalar when IsNull(scalar) => "nothing",
        YamlScalarNode scalar => $"'{scalar.Value}'",
        _ => "something else",
    };
}
