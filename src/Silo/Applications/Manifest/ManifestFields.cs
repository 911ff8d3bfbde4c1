using System.Globalization;
using Chain.PolicyEngine.Policies;
using YamlDotNet.RepresentationModel;

namespace Chain.Silo.Applications.Manifest;

/// <summary>A mapping of a manifest: its fields in the shapes that manifests have.</summary>
internal sealed class ManifestFields
{
    private readonly YamlSource yaml;
    private readonly YamlFields fields;
    private readonly string what;

    /// <param name="yaml">The file.</param>
    /// <param name="node">What should be a mapping.</param>
    /// <param name="what">What it is, for errors.</param>
    /// <param name="keys">The keys that it may have.</param>
    public ManifestFields(YamlSource yaml, YamlNode node, string what, IReadOnlyList<string> keys)
    {
        this.yaml = yaml;
        this.what = what;
        fields = new YamlFields(yaml, node, what);
        if (fields.IsMapping) fields.Only(keys);
    }

    public bool IsMapping => fields.IsMapping;

    public PolicyPlace Place => fields.Place;

    public bool Has(string key) => fields.Has(key);

    public PolicyPlace KeyPlace(string key) => fields.KeyPlace(key);

    public YamlNode? Node(string key) => fields.Node(key);

    public void Error(YamlNode node, string message) => yaml.Error(node, message);

    public void Error(PolicyPlace place, string message) => yaml.Error(place, message);

    public void Error(string key, string message) => fields.Error(key, message);

    /// <summary>A text; <see langword="null"/> where the key is absent, or after an error.</summary>
    public Placed<string>? Text(string key) => fields.Scalar(key) is { } scalar ? At(scalar) : null;

    /// <summary>A text that must be there; <see langword="null"/> after an error.</summary>
    public Placed<string>? Required(string key)
    {
        if (fields.Has(key)) return Text(key);
        fields.RequiredText(key);
        return null;
    }

    public T OneOf<T>(string key, IReadOnlyList<(string Word, T Value)> choices, T absent) => fields.OneOf(key, choices, absent);

    public bool IsTrue(string key) => fields.OneOf(key, [("true", true), ("false", false)], false);

    /// <summary>The items of a list; none where the key is absent, or after an error.</summary>
    public IEnumerable<YamlNode> Items(string key, string items)
    {
        switch (fields.Node(key))
        {
            case null: return [];
            case YamlSequenceNode list: return list.Children;
            case var other:
                yaml.Error(other, $"'{key}' is a list of {items}, found {YamlFields.Kind(other)}");
                return [];
        }
    }

    /// <summary>A text or a list of texts, which may be empty; <see langword="null"/> where the key is absent.</summary>
    public IReadOnlyList<Placed<string>>? Texts(string key) => fields.Node(key) switch
    {
        null => null,
        YamlSequenceNode { Children.Count: 0 } => [],
        _ => [.. fields.Scalars(key).Select(At)],
    };

    /// <summary>A mapping of names to texts, in the order of the file.</summary>
    /// <param name="key">The key.</param>
    /// <param name="refuse">Why a name cannot be one, or <see langword="null"/>.</param>
    public IReadOnlyList<KeyValuePair<string, string>> Pairs(string key, Func<string, string?> refuse)
    {
        if (fields.Node(key) is not { } node) return [];
        var pairs = new List<KeyValuePair<string, string>>();
        var inner = new YamlFields(yaml, node, $"'{key}'");
        foreach ((string name, YamlNode _) in inner.All)
        {
            if (refuse(name) is { } reason) inner.Error(name, $"{reason}, found '{name}'");
            else if (inner.Scalar(name) is { } value) pairs.Add(new(name, value.Value ?? ""));
        }

        return pairs;
    }

    /// <summary>What a text is read as; <paramref name="absent"/> where the key is absent, or after an error.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">What it should be, for the error.</param>
    /// <param name="read">Reads it; <see langword="null"/> where it is none.</param>
    /// <param name="absent">What counts otherwise.</param>
    public T Parsed<T>(string key, string expected, Func<string, T?> read, T absent)
        where T : struct
    {
        if (Text(key) is not { } text) return absent;
        if (read(text.Value) is { } value) return value;
        Error(key, $"'{key}' of {what} is {expected}, found '{text.Value}'");
        return absent;
    }

    public int Number(string key, int least, int most, int absent) => Parsed<int>(
        key, $"a whole number from {least} to {most}",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number : null, absent);

    public Placed<string> At(YamlScalarNode scalar) => new(scalar.Value ?? "", yaml.PlaceOf(scalar));
}
