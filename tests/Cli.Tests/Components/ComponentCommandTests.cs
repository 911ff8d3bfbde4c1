using System.Text.Json;
using Chain.Cli.Tests.Wasm;
using Chain.Tests;

namespace Chain.Cli.Tests.Components;

public sealed class ComponentCommandTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    // An import whose name is "a", a line feed, an escape and "b": not a name, so the message must quote it harmlessly.
    private static readonly byte[] HostileName =
        [0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0, 7, 5, 1, 0x40, 0, 1, 0, 0x0A, 9, 1, 0, 4, 0x61, 0x0A, 0x1B, 0x62, 1, 0];

    public static TheoryData<string> Commands => ["inspect", "wit"];

    private static string Ops => Path.Combine(Places.Shared, "samples", "c", "ops-component.wasm");

    [Theory]
    [MemberData(nameof(Commands))]
    public void ACoreModuleIsRefusedInOneLine(string command) =>
        CapturedRun.Of("component", command, files.Pure).FailedWith(ExitCode.BadInput, $"{files.Pure} is a core module; expected a component");

    [Theory]
    [MemberData(nameof(Commands))]
    public void AMissingFileIsRefusedInOneLine(string command) =>
        CapturedRun.Of("component", command, files.Missing).FailedWith(ExitCode.BadInput, $"no such file: {files.Missing}");

    [Theory]
    [MemberData(nameof(Commands))]
    public void TextIsRefusedInOneLine(string command) =>
        CapturedRun.Of("component", command, files.Text).FailedWith(
            ExitCode.BadInput, $"malformed component {files.Text} at 0x0: magic header not detected: expected the bytes 00 61 73 6d");

    [SharedTheory("samples")]
    [MemberData(nameof(Commands))]
    public void ATruncatedComponentIsRefusedInOneLine(string command)
    {
        byte[] whole = File.ReadAllBytes(Ops);
        string path = files.Write($"cut-{command}.wasm", whole.AsSpan(0, whole.Length / 2));
        CapturedRun run = CapturedRun.Of("component", command, path);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Matches($"^chain: malformed component {path} at 0x[0-9a-f]+: ", Assert.Single(run.ErrorLines));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void AHostileNameMovesNoCursor(string command)
    {
        string path = files.Write($"hostile-{command}.wasm", HostileName);
        CapturedRun run = CapturedRun.Of("component", command, path);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Contains("is not a valid extern name: not in kebab case", Assert.Single(run.ErrorLines));
        Assert.DoesNotContain('\u001b', run.Error);
    }

    [SharedFact("samples")]
    public void InspectShowsDigestExportsAndParts()
    {
        CapturedRun run = CapturedRun.Of("component", "inspect", Ops);
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("demo:greet/ops", run.Output);
        JsonElement json = JsonDocument.Parse(CapturedRun.Of("component", "inspect", Ops, "--json").Output).RootElement;
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Places.Shared, "samples", "expected.json"))).RootElement
            .GetProperty("components").EnumerateArray().Single(one => one.GetProperty("component").GetString() == "c/ops-component.wasm");
        Assert.Equal(expected.GetProperty("sha256").GetString(), json.GetProperty("sha256").GetString());
        Assert.Equal(expected.GetProperty("size").GetInt32(), json.GetProperty("size").GetInt32());
        JsonElement export = Assert.Single(json.GetProperty("exports").EnumerateArray());
        Assert.Equal("demo:greet/ops", export.GetProperty("name").GetString());
        Assert.Equal(2, export.GetProperty("functions").GetInt32());
        JsonElement module = json.GetProperty("parts").EnumerateArray().Single(part => part.GetProperty("kind").GetString() == "core module");
        Assert.Equal(4, module.GetProperty("functions").GetInt32());
    }

    [SharedFact("spec/component.tar.gz")]
    public void TheSuiteOfComponentsPassesButForWhatIsSkippedByName()
    {
        CapturedRun run = CapturedRun.Of("wasm", "spec", Path.Combine(Places.Shared, "spec", "component.tar.gz"), "--json");
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(
            (1203, 0, 222),
            (report.GetProperty("passed").GetInt32(), report.GetProperty("failed").GetInt32(), report.GetProperty("skipped").GetInt32()));
        string[] reasons = [.. Skips(report).Select(skip => skip.Detail).Distinct().Order()];
        Assert.Equal(["needs a text parser", "needs async", "needs async and threads", "needs threads"], reasons);
        // Outside async nearly everything runs.
        var other = Skips(report).Where(skip => skip.Detail != "needs a text parser" && !skip.Path.Contains("/async/"))
            .GroupBy(skip => skip.Path.Split('/')[^1]).ToDictionary(file => file.Key, file => file.Count());
        Assert.Equal(
            new Dictionary<string, int> { ["post-return.json"] = 28, ["variants.json"] = 1 }.OrderBy(file => file.Key),
            other.OrderBy(file => file.Key));
    }

    private static IEnumerable<(string Path, string Detail)> Skips(JsonElement report) =>
        from file in report.GetProperty("files").EnumerateArray()
        from skip in file.GetProperty("skips").EnumerateArray()
        select (file.GetProperty("path").GetString()!, skip.GetProperty("detail").GetString()!);
}
