using System.Globalization;
using System.Net;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;

namespace Chain.Cli.Node;

/// <summary>What <c>chain up</c> was told.</summary>
/// <param name="Node">The node; of several silos what they have in common.</param>
/// <param name="ApiAddress">Where its API listens.</param>
/// <param name="ApiPort">On which port; of several silos the first one's.</param>
/// <param name="Paths">The applications to deploy.</param>
/// <param name="Json">Whether it says in JSON where it is.</param>
internal sealed record UpRequest(NodeOptions Node, IPAddress ApiAddress, int ApiPort, IReadOnlyList<string> Paths, bool Json)
{
    /// <summary>How many silos are started, each in a process of its own; 0 for a node in this process.</summary>
    public int Silos { get; init; }

    /// <summary>The name that was given, where one was.</summary>
    public string? Name { get; init; }

    /// <summary>Labels of all silos, and of single ones.</summary>
    public IReadOnlyList<SiloLabel> Labels { get; init; } = [];

    /// <summary>Whether another process runs this one, and holds its standard input open as long as it is there.</summary>
    public bool IsSupervised { get; init; }

    /// <summary>The option that names the store.</summary>
    public string StoreOption => Node.Cluster is not null && Silos == 0 ? "--join" : "--postgres";

    /// <summary>The command line of a process that does the same in a folder; the store is in its environment, as everybody sees the command line.</summary>
    public IEnumerable<string> Arguments(string folder)
    {
        yield return "up";
        foreach ((string name, string? value) in Options(folder))
        {
            yield return name;
            if (value is not null) yield return value;
        }

        if (Paths.Count == 0) yield break;
        yield return "--";
        foreach (string path in Paths) yield return path;
    }

    /// <summary>What one of several silos is told.</summary>
    /// <param name="number">From 1.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="postgres">The folder of the private Postgres; <see langword="null"/> where the store is the user's own.</param>
    public UpRequest Of(int number, string folder, string? postgres)
    {
        int Nth(int first) => first == 0 ? 0 : first + number - 1;
        ClusterOptions cluster = Node.Cluster!;
        return this with
        {
            Node = Node with
            {
                Folder = folder,
                SharedPostgres = postgres,
                Name = NameOf(number),
                Port = Nth(Node.Port),
                Cluster = cluster with { SiloPort = Nth(cluster.SiloPort), HttpPort = Nth(cluster.HttpPort), GatewayPort = Nth(cluster.GatewayPort) },
            },
            ApiPort = Nth(ApiPort),
            Paths = [],
            Json = false,
            Silos = 0,
            Name = NameOf(number),
            // What is said of one silo is meant where it differs from what is said of all.
            Labels = [.. Labels.Where(label => label.Silo is null || label.Silo == number).OrderBy(static label => label.Silo is null)
                .DistinctBy(static label => label.Key).Select(static label => label with { Silo = null })],
            IsSupervised = true,
        };
    }

    /// <summary><c>s1</c>, <c>s2</c>, …, or what was given with a number.</summary>
    public string NameOf(int number) => Name is null ? $"s{number}" : $"{Name}-{number}";

    private IEnumerable<(string Name, string? Value)> Options(string folder)
    {
        yield return ("--data", folder);
        yield return ("--host", Node.Address.ToString());
        yield return ("--port", Text(Node.Port));
        yield return ("--api-host", ApiAddress.ToString());
        yield return ("--api-port", Text(ApiPort));
        if (Name is not null) yield return ("--name", Name);
        if (Node.Otlp is { } otlp) yield return ("--otlp", otlp.ToString());
        if (Silos > 0) yield return ("--silos", Text(Silos));
        else if (IsSupervised) yield return ("--supervised", null);
        else if (Node.Cluster is not null) yield return ("--join", null);
        if (Node.SharedPostgres is { } postgres) yield return ("--shared-postgres", postgres);
        if (Node.Cluster is { } cluster)
        {
            yield return ("--silo-host", cluster.Address.ToString());
            yield return ("--silo-port", Text(cluster.SiloPort));
            yield return ("--forward-port", Text(cluster.HttpPort));
            yield return ("--gateway-port", Text(cluster.GatewayPort));
        }

        foreach (SiloLabel label in Labels) yield return ("--label", label.ToString());
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A label of all silos, or of one.</summary>
/// <param name="Silo">Which, from 1; <see langword="null"/> for all.</param>
/// <param name="Key">Such as <c>region</c>.</param>
/// <param name="Value">Such as <c>eu</c>.</param>
internal sealed record SiloLabel(int? Silo, string Key, string Value)
{
    private const int Longest = 63;

    /// <summary>Reads <c>KEY=VALUE</c> or <c>N:KEY=VALUE</c>.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="silos">How many silos there are to be; 0 for a node by itself, which has labels of its own only.</param>
    /// <exception cref="CommandException">It is neither.</exception>
    public static SiloLabel Parse(string text, int silos)
    {
        (int? silo, string rest) = (null, text);
        int colon = text.IndexOf(':'), equals = text.IndexOf('=');
        if (colon > 0 && colon < equals && int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            if (silos == 0) throw new CommandException($"--label {text}: expected KEY=VALUE; silos have numbers with --silos only");
            if (number < 1 || number > silos) throw new CommandException($"--label {text}: expected a silo from 1 to {silos}, found {number}");
            (silo, rest) = (number, text[(colon + 1)..]);
        }

        equals = rest.IndexOf('=');
        (string key, string value) = equals < 0 ? (rest, "") : (rest[..equals], rest[(equals + 1)..]);
        return IsWord(key) && char.IsAsciiLetterLower(key[0]) && IsWord(value)
            ? new SiloLabel(silo, key, value)
            : throw new CommandException(
                $"--label {text}: expected KEY=VALUE{(silos > 0 ? " or N:KEY=VALUE" : "")} of letters, digits, '-', '_' and '.', such as region=eu; the key begins with a small letter");
    }

    public override string ToString() => $"{(Silo is { } number ? $"{number.ToString(CultureInfo.InvariantCulture)}:" : "")}{Key}={Value}";

    private static bool IsWord(string text) => text.Length is > 0 and <= Longest && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
