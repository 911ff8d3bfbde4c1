using System.Text.Json;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Manifest;
using Chain.Tests;

namespace Chain.Silo.Tests.Applications;

public sealed class ManifestTests
{
    [Theory]
    [MemberData(nameof(BrokenManifests.All), MemberType = typeof(BrokenManifests))]
    public async Task ABrokenManifestSaysWhatIsWrongAndWhere(string yaml, string expected)
    {
        using var application = new TestApplication(yaml);
        ApplicationCheck check = await application.CheckAsync();
        Assert.Equal(expected, application.Text(check));
        Assert.Null(check.Plan);
    }

    [Fact]
    public async Task AllErrorsAreSaidAtOnce()
    {
        using var application = new TestApplication("""
            application: shop
            components:
              store: { path: missing.wasm, replicas: many }
              front: { path: front.wasm, limits: { deadline: never } }
            links:
              - { from: front, import: "test:shop/store", to: stor }
            expose:
              - { component: front, http: / }
            policies: broken.yaml
            """);
        ApplicationCheck check = await application.CheckAsync();
        Assert.Equal(
            ["chain.yaml:3:18", "chain.yaml:3:42", "chain.yaml:4:50", "chain.yaml:6:51", "chain.yaml:8:18", "broken.yaml:3:7"],
            check.Issues.Select(issue => issue.Place.ToString().Replace(application.Folder + "/", "")));
    }

    [Fact]
    public async Task AHugeManifestIsRefusedUnread()
    {
        using var application = new TestApplication("application: shop\n" + new string('#', 5_000_000));
        var e = await Assert.ThrowsAsync<IOException>(() => application.CheckAsync());
        Assert.EndsWith("chain.yaml has 5000018 bytes; a manifest has at most 1000000 characters", e.Message);
    }

    [Fact]
    public void TheSchemaForEditorsKnowsEveryKey()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Places.Repository, "docs", "chain.schema.json")));
        JsonElement definitions = schema.RootElement.GetProperty("$defs");
        (string Name, string[] Keys)[] readers =
        [
            ("application", ManifestReader.Keys), ("component", ManifestReader.ComponentKeys), ("link", ManifestReader.LinkKeys),
            ("exposure", ManifestReader.ExposureKeys), ("grants", GrantReader.GrantKeys), ("directory", GrantReader.DirectoryKeys),
            ("limits", GrantReader.LimitKeys), ("source", RuleReader.SourceKeys), ("sink", RuleReader.SinkKeys),
            ("declassifier", RuleReader.DeclassifierKeys), ("endorser", RuleReader.EndorserKeys),
        ];
        foreach ((string name, string[] keys) in readers)
        {
            JsonElement definition = definitions.GetProperty(name);
            Assert.Equal(JsonValueKind.False, definition.GetProperty("additionalProperties").ValueKind);
            Assert.Equal(keys.Order(), definition.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order());
        }

        Assert.Equal(
            readers.Select(reader => reader.Name).Order(),
            definitions.EnumerateObject().Where(d => d.Value.TryGetProperty("properties", out _)).Select(d => d.Name).Order());
        Assert.Equal(
            ManifestReader.InstanceWords.Select(word => word.Word),
            definitions.GetProperty("component").GetProperty("properties").GetProperty("instances").GetProperty("enum").EnumerateArray().Select(word => word.GetString()));
    }

    [Theory]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("30MB", 30_000_000L)]
    [InlineData("4096", 4096L)]
    [InlineData("2 GiB", 2L << 30)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9007199254740993KiB", null)]
    [InlineData("-1", null)]
    [InlineData("1.5MB", null)]
    [InlineData("MB", null)]
    public void SizesAreReadExactly(string text, long? bytes) => Assert.Equal(bytes, SizeText.Parse(text));

    [Fact]
    public void AManifestFromNowhereHasNoRelativeDirectories()
    {
        var issues = new List<PolicyIssue>();
        ManifestReader.Read(
            new PolicyFile("upload", "application: a\ncomponents:\n  c:\n    path: c.wasm\n    grants:\n      directories: [{ host: data, guest: /data }]\n"), "", issues);
        Assert.Equal("'host' is an absolute path, as the manifest comes from no folder here, found 'data'", Assert.Single(issues).Message);
    }
}
