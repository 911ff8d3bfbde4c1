using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Tests;

namespace Chain.Silo.Tests.Applications;

/// <summary>A folder with the components of <c>components/</c>, some files that are wrong, and a manifest.</summary>
internal sealed class TestApplication : IDisposable
{
    private static readonly string Components = Path.Combine(Places.Repository, "tests", "Silo.Tests", "Applications", "components");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("chain-app-");

    public TestApplication(string manifest)
    {
        foreach (string file in Directory.EnumerateFiles(Components, "*.wasm")) File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        Write("broken.wasm", "\0asm\r\0\u0001\0nonsense");
        Write("core.wasm", "\0asm\u0001\0\0\0");
        Write("broken.yaml", "policy: p\neffect: deny\nwhen: dta.has('pii')\n");
        Write("names.yaml", "policy: p\neffect: deny\nmatch: { callee: shop/sotre, tags: pii }\n");
        Write("fails.yaml", "policy: p\neffect: deny\nmatch: { callee: shop/store }\ntests:\n  - given: { callee: shop/store }\n    expect: none\n");
        Write("wrong-alerts.yaml", "first-wait: soon\nreceivers: []\n");
        Write("chain.yaml", manifest);
    }

    public string Folder => folder.FullName;

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(Folder, name), text);

    public Task<ApplicationCheck> CheckAsync(ComponentLookup? stored = null) => ApplicationCheck.RunAsync(Folder, stored);

    /// <summary>Each issue as <c>file:line:column: message</c>, with paths within the folder.</summary>
    public string Text(ApplicationCheck check) => string.Join('\n', check.Issues.Select(Line)).Replace(Folder + "/", "").Replace(Folder, "the folder");

    public void Dispose() => folder.Delete(recursive: true);

    private static string Line(PolicyIssue issue) => $"{issue.Place}: {(issue.Level == IssueLevel.Warning ? "warning: " : "")}{issue.Message}";
}
