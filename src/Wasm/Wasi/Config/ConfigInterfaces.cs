using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Config;

/// <summary>The variant <c>error</c> of <c>wasi:config/store</c>, which was <c>config-error</c>. Settings that are all there at the start raise none.</summary>
public sealed record ConfigError : IVariant<ConfigError>
{
    private ConfigError(int @case, string message)
    {
        Case = @case;
        Message = message;
    }

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("upstream", typeof(string)), ("io", typeof(string))];

    public int Case { get; }

    public string Message { get; }

    public object? Payload => Message;

    public static ConfigError Create(int @case, object? payload) => new(@case, (string)payload!);
}

/// <summary>A guest's settings: what functions of <c>wasi:config</c> need in a store. They do not change.</summary>
public sealed class ConfigState(IReadOnlyDictionary<string, string> settings)
{
    private readonly IReadOnlyDictionary<string, string> settings = new SortedDictionary<string, string>(settings.ToDictionary(), StringComparer.Ordinal);

    /// <summary><c>get</c>.</summary>
    public Result<string?, ConfigError> Get(string key) => Result<string?, ConfigError>.FromValue(settings.GetValueOrDefault(key));

    /// <summary><c>get-all</c>: by key.</summary>
    public Result<(string Key, string Value)[], ConfigError> All => settings.Select(setting => (setting.Key, setting.Value)).ToArray();
}

/// <summary>The interfaces of <c>wasi:config</c>: <c>store</c>, and <c>runtime</c> as it was called first. Their stores need a <see cref="ConfigState"/>.</summary>
public static class ConfigInterfaces
{
    public static IReadOnlyList<HostInterface> All { get; } =
        [Create("store@0.2.0-rc.1"), Create("store@0.2.0-draft"), Create("runtime@0.2.0-draft")];

    private static HostInterface Create(string name) => new HostInterface("wasi:config/" + name)
        .Function("get", static (ComponentStore store, string key) => store.Get<ConfigState>().Get(key))
        .Function("get-all", static (ComponentStore store) => store.Get<ConfigState>().All);
}
