namespace Chain.Tests;

/// <summary>A folder with a small application made of two components of <c>examples/clinic</c>: records, and an anonymizer that reads them.</summary>
internal sealed class WardFiles : IDisposable
{
    public const string Manifest = """
        application: ward
        components:
          records:
            path: records.wasm
            grants: { keyvalue: [records] }
          anonymizer:
            path: anonymizer.wasm
        sources:
          - { component: records, function: "clinic:records/store#get", result: [pii] }
        declassifiers:
          - { component: anonymizer, function: "clinic:privacy/anonymizer#anonymize", drops: [pii] }
        policies: [policies.yaml]
        """;

    public const string Policies = """
        policy: pii-stays-inside
        on: result
        match: { callee: ward/records }
        when: caller.name == 'outside' && data.has('pii')
        effect: deny
        severity: high
        message: "{{ data.tags }} would leave by {{ callee.name }}"
        tests:
          - given: { event: result, caller: outside, callee: ward/records, data: [pii] }
            expect: deny
          - given: { event: result, caller: ward/anonymizer, callee: ward/records, data: [pii] }
            expect: none
        """;

    public const string Ada = "add({name: \"Ada\", born: 1950, email: \"ada@example.org\", diagnosis: \"flu\", notes: \"none\"})";

    public WardFiles(string? manifest = null)
    {
        // Reachable for the user that root runs Postgres as, should somebody start a node here.
        Folder = Path.Combine(Path.GetTempPath(), "chain-ward-" + Path.GetRandomFileName());
        Directory.CreateDirectory(Folder);
        foreach (string name in (string[])["records.wasm", "anonymizer.wasm"])
            File.Copy(Path.Combine(Places.Repository, "examples", "clinic", "components", name), Path.Combine(Folder, name));
        Write("policies.yaml", Policies);
        Write("chain.yaml", manifest ?? Manifest);
    }

    public string Folder { get; }

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(Folder, name), text);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
