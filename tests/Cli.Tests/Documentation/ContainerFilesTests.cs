using System.Text.RegularExpressions;
using Chain.Tests;
using YamlDotNet.RepresentationModel;

namespace Chain.Cli.Tests.Documentation;

/// <summary>The files for containers name what is in the repository. Docker itself is not asked: few machines that test have it.</summary>
public sealed partial class ContainerFilesTests
{
    private static readonly YamlMappingNode Compose = Read("docker-compose.yml");

    private static IEnumerable<(string Name, YamlMappingNode Node)> Services =>
        ((YamlMappingNode)Compose["services"]).Select(one => (((YamlScalarNode)one.Key).Value!, (YamlMappingNode)one.Value));

    [Fact]
    public void ThereAreThreeSilosAndWhatSurroundsThem() =>
        Assert.Equal(
            ["alertmanager", "collector", "jaeger", "postgres", "silo-1", "silo-2", "silo-3"], Services.Select(service => service.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryFileAndVolumeThatAServiceMountsIsThere()
    {
        string[] volumes = [.. ((YamlMappingNode)Compose["volumes"]).Children.Keys.Select(key => ((YamlScalarNode)key).Value!)];
        var used = new HashSet<string>();
        foreach ((string name, YamlMappingNode service) in Services)
        {
            foreach (string mount in Texts(service, "volumes"))
            {
                string source = mount.Split(':')[0];
                if (source.StartsWith('.')) Assert.True(Path.Exists(Path.Combine(Places.Repository, source)), $"{name}: no such file: {source}");
                else Assert.True(volumes.Contains(source) && used.Add(source), $"{name}: volume {source} is not declared, or is another service's too");
            }
        }

        Assert.Equal(volumes.Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void NothingIsOpenToOtherMachinesAndNoPasswordIsWrittenDown()
    {
        foreach ((string name, YamlMappingNode service) in Services)
            Assert.All(Texts(service, "ports"), port => Assert.True(port.StartsWith("127.0.0.1:", StringComparison.Ordinal), $"{name}: {port}"));
        string text = File.ReadAllText(Path.Combine(Places.Repository, "docker-compose.yml"));
        Assert.All(Password().Matches(text), static found => Assert.StartsWith("${POSTGRES_PASSWORD:?", found.Groups[1].Value));
        Assert.Equal(2, Password().Count(text));
        Assert.Contains(".env", File.ReadAllLines(Path.Combine(Places.Repository, ".gitignore")));
    }

    [Fact]
    public void WhatSilosAreTalkedToByIsConfiguredWhereTheyTalkTo()
    {
        foreach (int number in (int[])[1, 2, 3])
        {
            string[] command = Texts(Services.Single(service => service.Name == $"silo-{number}").Node, "command");
            Assert.Equal(["up", "--join", "--name", $"silo-{number}", "--silo-host", $"silo-{number}"], command[..6]);
            Assert.Equal("http://collector:4317", command[^1]);
        }

        YamlMappingNode collector = Read("deploy/collector.yaml");
        Assert.Equal("0.0.0.0:4317", Text(collector, "receivers", "otlp", "protocols", "grpc", "endpoint"));
        Assert.Equal("jaeger:4317", Text(collector, "exporters", "otlp/jaeger", "endpoint"));
        var pipeline = (YamlMappingNode)collector["service"]["pipelines"]["traces"];
        foreach (string part in (string[])["receivers", "processors", "exporters"])
            Assert.All(Texts(pipeline, part), name => Assert.True(((YamlMappingNode)collector[part]).Children.ContainsKey(name), $"{part}: {name} is not configured"));

        YamlMappingNode alertmanager = Read("deploy/alertmanager.yml");
        Assert.Contains(Text(alertmanager, "route", "receiver"), ((YamlSequenceNode)alertmanager["receivers"]).Select(receiver => Text(receiver, "name")));
    }

    [Fact]
    public void TheImageIsMadeOfFilesThatAreThereAndRunsAsNobodySpecial()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Places.Repository, "Dockerfile"));
        string[] ignored = File.ReadAllLines(Path.Combine(Places.Repository, ".dockerignore"));
        foreach (string line in lines.Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal)))
        {
            foreach (string source in line.Split(' ')[1..^1])
            {
                Assert.True(Path.Exists(Path.Combine(Places.Repository, source)), $"Dockerfile: no such file: {source}");
                Assert.Contains("!" + source, ignored);
            }
        }

        int user = Array.IndexOf(lines, "USER $APP_UID");
        Assert.InRange(user, 1, Array.FindIndex(lines, line => line.StartsWith("ENTRYPOINT", StringComparison.Ordinal)));
    }

    private static YamlMappingNode Read(string file)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Places.Repository, file));
        stream.Load(reader);
        return (YamlMappingNode)stream.Documents.Single().RootNode;
    }

    private static string Text(YamlNode node, params string[] path) => ((YamlScalarNode)path.Aggregate(node, (at, key) => at[key])).Value!;

    private static string[] Texts(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(key, out YamlNode? found) ? [.. ((YamlSequenceNode)found).Select(item => ((YamlScalarNode)item).Value!)] : [];

    [GeneratedRegex("(?:POSTGRES_PASSWORD: \"|Password=)([^\"]*)")]
    private static partial Regex Password();
}
