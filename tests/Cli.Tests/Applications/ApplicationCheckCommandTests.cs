using System.Text.Json;
using Chain.Tests;

namespace Chain.Cli.Tests.Applications;

public sealed class ApplicationCheckCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("chain-check-").FullName;

    public ApplicationCheckCommandTests()
    {
        string components = Path.Combine(Places.Repository, "tests", "Silo.Tests", "Applications", "components");
        foreach (string name in (string[])["store.wasm", "front.wasm", "back.wasm"]) File.Copy(Path.Combine(components, name), Path.Combine(folder, name));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void AnApplicationThatChecksSaysItsVersion()
    {
        Write("application: shop\ncomponents:\n  store: { path: store.wasm }\n");
        CapturedRun run = CapturedRun.Of("check", folder);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Matches("^shop: 1 component, 0 links, 0 policy tests passed, 0 errors, 0 warnings, version sha256:[0-9a-f]{64}$", run.OutputLines[^1]);
    }

    [Fact]
    public void AnErrorShowsItsLine()
    {
        Write("application: shop\ncomponents:\n  store: { path: stor.wasm }\n");
        CapturedRun run = CapturedRun.Of("check", Path.Combine(folder, "chain.yaml"));
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal(
            [
                $"{folder}/chain.yaml:3:18: component 'store': no such file: {folder}/stor.wasm", "  |   store: { path: stor.wasm }", "  |                  ^",
                "refused: 1 error, 0 warnings",
            ],
            run.OutputLines);
    }

    [Fact]
    public void WarningsFailOnlyAStrictCheck()
    {
        Write("application: ring\ncomponents:\n  front: { path: front.wasm }\n  back: { path: back.wasm }\n");
        Assert.Equal(ExitCode.Ok, CapturedRun.Of("check", folder).ExitCode);
        Assert.Equal(ExitCode.Failed, CapturedRun.Of("check", folder, "--strict").ExitCode);
    }

    [Fact]
    public void JsonHasThePlanOrTheIssues()
    {
        Write("application: shop\ncomponents:\n  store: { path: store.wasm }\n");
        using (JsonDocument good = JsonDocument.Parse(CapturedRun.Of("check", folder, "--json").Output))
        {
            Assert.True(good.RootElement.GetProperty("ok").GetBoolean());
            Assert.Equal("store", good.RootElement.GetProperty("plan").GetProperty("components")[0].GetProperty("name").GetString());
        }

        Write("application: shop\ncomponents: []\n");
        using JsonDocument bad = JsonDocument.Parse(CapturedRun.Of("check", folder, "--json").Output);
        JsonElement issue = Assert.Single(bad.RootElement.GetProperty("issues").EnumerateArray());
        Assert.Equal((2, 13, "error"), (issue.GetProperty("line").GetInt32(), issue.GetProperty("column").GetInt32(), issue.GetProperty("level").GetString()));
        Assert.False(bad.RootElement.TryGetProperty("plan", out _));
    }

    [Fact]
    public void AManifestThatIsNotThereIsBadInput()
    {
        CapturedRun run = CapturedRun.Of("check", folder);
        Assert.Equal((ExitCode.BadInput, $"chain: no chain.yaml in {folder}"), (run.ExitCode, run.ErrorLines[0]));
    }

    private void Write(string manifest) => File.WriteAllText(Path.Combine(folder, "chain.yaml"), manifest);
}
