namespace Chain.Cli.Tests.Policy;

public sealed class PolicyCommandTests : IDisposable
{
    private const string Pii = """
        policy: pii-stays-inside
        match: { callee: "*/mailer" }
        when: data.has('pii') && !chain.passed('anonymizer')
        effect: deny
        severity: critical
        message: "{{ caller.name }} would send {{ data.tags }} to {{ callee.name }}"
        tests:
          - given: { callee: clinic/mailer, data: [pii] }
            expect: deny
          - given: { callee: clinic/mailer, data: [pii], chain: [clinic/anonymizer] }
            expect: none
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("chain-policy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ASetThatChecksSaysItsVersion()
    {
        CapturedRun run = CapturedRun.Of("policy", "check", Write("a.yaml", Pii), "--strict");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.StartsWith("1 policy, 0 errors, 0 warnings, version sha256:", run.OutputLines[^1]);
    }

    [Fact]
    public void ASetThatDoesNotCheckIsRefusedWithThePlace()
    {
        string file = Write("a.yaml", Pii.Replace("data.has", "data.hes"));
        CapturedRun run = CapturedRun.Of("policy", "check", file);
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal(
            [$"{file}:3:12: undeclared function 'hes'; did you mean 'has'?", "  | when: data.hes('pii') && !chain.passed('anonymizer')", "  |            ^", "refused: 1 error, 0 warnings"],
            run.OutputLines);
    }

    [Fact]
    public void WarningsFailOnlyAStrictCheck()
    {
        string file = Write("a.yaml", "policy: p\neffect: deny\n");
        Assert.Equal(ExitCode.Ok, CapturedRun.Of("policy", "check", file).ExitCode);
        Assert.Equal(ExitCode.Failed, CapturedRun.Of("policy", "check", file, "--strict").ExitCode);
    }

    [Fact]
    public void TestsAreCountedAndAFailureFails()
    {
        CapturedRun good = CapturedRun.Of("policy", "test", Write("a.yaml", Pii));
        Assert.Equal((ExitCode.Ok, "2 passed, 0 failed, 0 skipped"), (good.ExitCode, good.OutputLines[^1]));
        CapturedRun bad = CapturedRun.Of("policy", "test", Write("a.yaml", Pii.Replace("expect: none", "expect: deny")));
        Assert.Equal((ExitCode.Failed, "1 passed, 1 failed, 0 skipped"), (bad.ExitCode, bad.OutputLines[^1]));
        Assert.Contains("test 2: expected deny, found none", bad.Output);
    }

    [Fact]
    public void EvalSaysTheVerdictAndItsExitCode()
    {
        string file = Write("a.yaml", Pii);
        CapturedRun denied = CapturedRun.Of("policy", "eval", file, "--caller", "clinic/web", "--callee", "clinic/mailer", "--data", "pii");
        Assert.Equal(ExitCode.Failed, denied.ExitCode);
        Assert.Equal("deny by pii-stays-inside", denied.OutputLines[0]);
        Assert.Contains("clinic/web would send pii to clinic/mailer", denied.Output);
        CapturedRun allowed = CapturedRun.Of("policy", "eval", file, "--callee", "clinic/mailer", "--data", "pii", "--chain", "clinic/anonymizer", "--json");
        Assert.Equal(ExitCode.Ok, allowed.ExitCode);
        using var json = System.Text.Json.JsonDocument.Parse(allowed.Output);
        Assert.Equal("allow", json.RootElement.GetProperty("verdict").GetString());
    }

    [Fact]
    public void ExplainShowsEverySubExpression()
    {
        string call = Write("call.yml", "callee: clinic/mailer\ndata: [pii]\nchain: [clinic/web]\n");
        CapturedRun run = CapturedRun.Of("policy", "explain", Write("a.yaml", Pii), "--call", call);
        Assert.Contains("yes  callee: */mailer   (is 'clinic/mailer')", run.Output);
        Assert.Matches(@"chain\.passed\('anonymizer'\)\s+false", run.Output);
    }

    [Theory]
    [InlineData("policy", "check", "/nowhere/at/all.yaml")]
    [InlineData("policy", "eval", "FILE")]
    [InlineData("policy", "eval", "FILE", "--callee", "a/b", "--data", "not a tag")]
    [InlineData("policy", "eval", "FILE", "--callee", "a/b", "--event", "sometimes")]
    [InlineData("policy", "explain", "FILE", "--callee", "a/b", "--policy", "other")]
    [InlineData("policy", "conformance", "FILE")]
    [InlineData("silence", "add", "colour=red", "--for", "2h")]
    [InlineData("silence", "add", "policy=x", "--for", "later")]
    public void BadInputIsOneLine(params string[] arguments)
    {
        string file = Write("a.yaml", Pii);
        CapturedRun run = CapturedRun.Of([.. arguments.Select(a => a == "FILE" ? file : a)]);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Single(run.ErrorLines);
        Assert.StartsWith("chain: ", run.ErrorLines[0]);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
