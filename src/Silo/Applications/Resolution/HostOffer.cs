using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Config;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Keyvalue;
using Chain.Wasm.Wasi.Logging;

namespace Chain.Silo.Applications.Resolution;

/// <summary>The interfaces that the host offers to components, and the grant that each needs.</summary>
public static class HostOffer
{
    /// <summary>All of them; <see cref="ComponentLinker.Add(IEnumerable{HostInterface})"/> takes them as they are.</summary>
    public static IReadOnlyList<HostInterface> Interfaces { get; } =
        [.. WasiInterfaces.Command, .. HttpInterfaces.All, .. KeyValueInterfaces.All, .. ConfigInterfaces.All, .. LoggingInterfaces.All];

    private static readonly Dictionary<string, HostInterface> ByName = Interfaces.ToDictionary(static one => one.Name);

    private static readonly (string Prefix, string Grant, string Example)[] Grants =
    [
        ("wasi:http/outgoing-handler", "http", "http: [HOST, …], or http: [] to refuse every request"),
        ("wasi:keyvalue/", "keyvalue", "keyvalue: [BUCKET, …], or keyvalue: [] to refuse every bucket"),
        ("wasi:logging/", "logging", "logging: true"),
    ];

    private static readonly (string Prefix, string Grant)[] Users =
    [
        ("wasi:http/outgoing-handler", "http"), ("wasi:keyvalue/", "keyvalue"), ("wasi:logging/", "logging"), ("wasi:config/", "config"),
        ("wasi:filesystem/", "directories"), ("wasi:cli/environment", "environment"), ("wasi:cli/environment", "arguments"),
    ];

    /// <summary>The interface that meets an import, or <see langword="null"/>.</summary>
    internal static HostInterface? Find(string import) => InterfaceVersions.Find(ByName, import);

    /// <summary>The versions of an interface that are offered, where none is compatible with an import.</summary>
    internal static IReadOnlyList<string> OtherVersions(string import)
    {
        string path = InterfaceVersions.WithoutVersion(import);
        return [.. ByName.Keys.Where(name => InterfaceVersions.WithoutVersion(name) == path)];
    }

    /// <summary>The grant without which an import is refused, and how it is written; <see langword="null"/> where none is needed.</summary>
    internal static (string Grant, string Example)? NeededFor(string import)
    {
        foreach ((string prefix, string grant, string example) in Grants)
        {
            if (import.StartsWith(prefix, StringComparison.Ordinal)) return (grant, example);
        }

        return null;
    }

    /// <summary>Whether a grant is of use to a component with these imports.</summary>
    internal static bool IsUsed(string grant, IEnumerable<string> imports) =>
        imports.Any(import => Users.Any(user => user.Grant == grant && import.StartsWith(user.Prefix, StringComparison.Ordinal)));
}
