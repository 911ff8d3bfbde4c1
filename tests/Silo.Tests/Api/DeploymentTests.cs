using System.Net.Http.Json;
using System.Text.Json;
using Chain.Tests;

namespace Chain.Silo.Tests.Api;

/// <summary>Deploying over the API: what fails changes nothing.</summary>
public sealed class DeploymentTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private static readonly string Other = WardFiles.Manifest.Replace("application: ward", "application: other").Replace("policies: [policies.yaml]", "");

    [PostgresFact]
    public async Task AVersionThatFailsLeavesTheOneBefore()
    {
        using var files = new WardFiles(Other);
        Assert.Equal((1, true), await VersionAsync(await node.DeployAsync(files.Folder)));
        Assert.Equal((1, false), await VersionAsync(await node.DeployAsync(files.Folder)));

        // The manifest is fine by itself; the policy does not go with that of the ward.
        files.Write("policies.yaml", WardFiles.Policies.Replace("ward/", "other/"));
        files.Write("chain.yaml", Other + "\npolicies: [policies.yaml]\n");
        using HttpResponseMessage clash = await node.DeployAsync(files.Folder);
        Assert.StartsWith("422 refused-application: ", await NodeFixture.ProblemAsync(clash));
        Assert.Equal(1, await RunningAsync("other"));
        Assert.Equal(1, (await node.GetAsync("apps/other")).GetProperty("versions").EnumerateArray().Single(static one => one.GetProperty("isActive").GetBoolean()).GetProperty("number").GetInt32());
        Assert.Equal(1, (await node.GetAsync("status")).GetProperty("policies").GetProperty("count").GetInt32());

        // What was refused took a number.
        files.Write("chain.yaml", Other.Replace("path: anonymizer.wasm", "path: anonymizer.wasm\n    instances: warm"));
        Assert.Equal((3, true), await VersionAsync(await node.DeployAsync(files.Folder)));
        Assert.Equal((1, true), await VersionAsync(await node.Client.PostAsJsonAsync("apps/other/rollback", new { })));
        Assert.Equal((3, true), await VersionAsync(await node.Client.PostAsJsonAsync("apps/other/rollback", new { to = 3 })));
        using HttpResponseMessage none = await node.Client.PostAsJsonAsync("apps/other/rollback", new { to = 9 });
        Assert.Equal("404 unknown-name: other has no version 9; it has versions 1 to 3", await NodeFixture.ProblemAsync(none));

        using HttpResponseMessage removed = await node.Client.DeleteAsync("apps/other");
        Assert.Equal(System.Net.HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Null(await RunningAsync("other"));
        using HttpResponseMessage twice = await node.Client.DeleteAsync("apps/other");
        Assert.Equal("404 unknown-name: there is no application 'other'; there is 'ward'", await NodeFixture.ProblemAsync(twice));
        using HttpResponseMessage back = await node.Client.PostAsJsonAsync("apps/other/rollback", new { });
        Assert.Equal("409 refused-by-store: no version of 'other' is active", await NodeFixture.ProblemAsync(back));
    }

    [PostgresFact]
    public async Task ErrorsOfAManifestComeWithTheirPlaces()
    {
        using var files = new WardFiles();
        using var form = new MultipartFormDataContent
        {
            { new StringContent("application: wrong\ncomponents:\n  records:\n    pth: records.wasm\n"), "manifest", "chain.yaml" },
        };
        using HttpResponseMessage refused = await node.Client.PostAsync("apps", form);
        JsonElement errors = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        JsonElement first = errors.EnumerateArray().First(static one => one.GetProperty("line").GetInt32() == 4);
        Assert.Equal(("error", "chain.yaml", 4, 5, "    pth: records.wasm"),
            (first.GetProperty("level").GetString(), first.GetProperty("file").GetString(), first.GetProperty("line").GetInt32(), first.GetProperty("column").GetInt32(),
                first.GetProperty("text").GetString()));
    }

    [PostgresFact]
    public async Task AComponentIsGivenByItsDigest()
    {
        JsonElement ward = (await node.GetAsync("apps/ward")).GetProperty("running").GetProperty("components")[1];
        string digest = ward.GetProperty("digest").GetString()!;
        byte[] bytes = await node.Client.GetByteArrayAsync($"components/{digest}");
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(node.Ward, "records.wasm")), bytes);
        using HttpResponseMessage none = await node.Client.GetAsync("components/sha256:0");
        Assert.Equal("404 unknown-name: the store has no component sha256:0", await NodeFixture.ProblemAsync(none));
    }

    private static async Task<(int Version, bool HasChanged)> VersionAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
            return (answer.GetProperty("application").GetProperty("version").GetInt32(), answer.GetProperty("hasChanged").GetBoolean());
        }
    }

    private async Task<int?> RunningAsync(string application)
    {
        foreach (JsonElement one in (await node.GetAsync("apps")).EnumerateArray())
        {
            if (one.GetProperty("name").GetString() == application) return one.GetProperty("version").GetInt32();
        }

        return null;
    }
}
