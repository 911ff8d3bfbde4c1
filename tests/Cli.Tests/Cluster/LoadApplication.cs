using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Chain.Tests;

namespace Chain.Cli.Tests.Cluster;

/// <summary>
/// Applications of the components beside this (<c>Components/*.wat</c>): <c>book</c> counts in its bucket, with time between reading and writing,
/// so that calls at the same time would lose counts; <c>front</c> has another one do it.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class LoadApplication
{
    /// <summary>The ways in, with the component that counts at their end.</summary>
    public static readonly (string Entry, string Book, bool IsStateful, bool IsIdempotent)[] Ways =
    [
        ("teller", "account", true, false),
        ("account", "account", true, false),
        ("tally-desk", "tally", true, true),
        ("eu-desk", "eu-book", false, false),
        ("sure-desk", "sure-book", false, true),
    ];

    private const string Manifest = """
        components:
          teller: { path: front.wasm, limits: { memory: 1MiB, deadline: 20s } }
          account: { path: book.wasm, instances: stateful, key: account, grants: { keyvalue: [ledger] }, limits: { memory: 1MiB, deadline: 20s } }
          tally-desk: { path: front.wasm, limits: { memory: 1MiB, deadline: 20s } }
          tally: { path: book.wasm, instances: stateful, key: account, idempotent: true, labels: { region: eu }, grants: { keyvalue: [ledger] }, limits: { memory: 1MiB, deadline: 20s } }
          eu-desk: { path: front.wasm, limits: { memory: 1MiB, deadline: 20s } }
          eu-book: { path: book.wasm, labels: { region: eu }, grants: { keyvalue: [ledger] }, limits: { memory: 1MiB, deadline: 20s } }
          sure-desk: { path: front.wasm, limits: { memory: 1MiB, deadline: 20s } }
          sure-book: { path: book.wasm, labels: { region: eu }, idempotent: true, grants: { keyvalue: [ledger] }, limits: { memory: 1MiB, deadline: 20s } }
        links:
          - { from: teller, import: "chain:load/ledger", to: account }
          - { from: tally-desk, import: "chain:load/ledger", to: tally }
          - { from: eu-desk, import: "chain:load/ledger", to: eu-book }
          - { from: sure-desk, import: "chain:load/ledger", to: sure-book }

        """;

    /// <summary>Deploys all <see cref="Ways"/> under a name.</summary>
    public static Task DeployAsync(LiveCluster cluster, string name) => DeployAsync(cluster, name, Manifest);

    /// <summary>Deploys an application of <c>book.wasm</c> and <c>front.wasm</c>, and of <c>relay.wasm</c> of <c>bench/hop</c>.</summary>
    /// <param name="cluster">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="manifest">The manifest without its first line.</param>
    /// <param name="policies">The text of <c>policies.yaml</c>.</param>
    public static async Task DeployAsync(LiveCluster cluster, string name, string manifest, string policies = "")
    {
        string folder = Path.Combine(cluster.Chain.Folder, name);
        Directory.CreateDirectory(folder);
        foreach (string file in (string[])["book.wasm", "front.wasm"]) File.Copy(Path.Combine(Here(), "Components", file), Path.Combine(folder, file));
        File.Copy(Path.Combine(Places.Repository, "bench", "hop", "relay.wasm"), Path.Combine(folder, "relay.wasm"));
        if (policies.Length > 0) File.WriteAllText(Path.Combine(folder, "policies.yaml"), policies);
        File.WriteAllText(Path.Combine(folder, "chain.yaml"), $"application: {name}\n{manifest}");
        cluster.Chain.Ok("deploy", folder);
        await cluster.DeployedAsync(name);
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
