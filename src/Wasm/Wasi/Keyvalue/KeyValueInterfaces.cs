using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Keyvalue;

/// <summary>
/// The interfaces of <c>wasi:keyvalue</c> in its two drafts, which are not compatible. Their stores need a <see cref="KeyValueState"/>. Of
/// <c>0.2.0-draft2</c> there are several texts in use: this is the one with <c>cas.current</c>, and with <c>get-many</c> giving each key its value or none.
/// </summary>
public static class KeyValueInterfaces
{
    private const string Draft = "@0.2.0-draft";
    private const string Draft2 = "@0.2.0-draft2";

    public static IReadOnlyList<HostInterface> All { get; } =
    [
        Store(Draft).Function("[method]bucket.list-keys", static (Bucket self, ulong? cursor) => self.ListKeys(cursor)),
        Store(Draft2).Function("[method]bucket.list-keys", static (Bucket self, string? cursor) => self.ListKeys(cursor)),
        new HostInterface("wasi:keyvalue/atomics" + Draft)
            .Function("increment", static (Bucket bucket, string key, ulong delta) => bucket.Increment(key, delta)),
        new HostInterface("wasi:keyvalue/atomics" + Draft2)
            .Resource<Cas>("cas")
            .Function("[static]cas.new", static (Bucket bucket, string key) => Cas.Create(bucket, key))
            .Function("[method]cas.current", static (Cas self) => self.Current)
            .Function("increment", static (Bucket bucket, string key, long delta) => bucket.Increment(key, delta))
            .Function("swap", static (Cas cas, ReadOnlySpan<byte> value) => cas.Swap(value)),
        Batch(Draft).Function("get-many", static (Bucket bucket, string[] keys) => bucket.GetManyFound(keys)),
        Batch(Draft2).Function("get-many", static (Bucket bucket, string[] keys) => bucket.GetMany(keys)),
    ];

    private static HostInterface Store(string version) => new HostInterface("wasi:keyvalue/store" + version)
        .Resource<Bucket>("bucket")
        .Function("open", static (ComponentStore store, string identifier) => Bucket.Open(store, identifier))
        .Function("[method]bucket.get", static (Bucket self, string key) => self.Get(key))
        .Function("[method]bucket.set", static (Bucket self, string key, ReadOnlySpan<byte> value) => self.Set(key, value))
        .Function("[method]bucket.delete", static (Bucket self, string key) => self.Delete(key))
        .Function("[method]bucket.exists", static (Bucket self, string key) => self.Exists(key));

    private static HostInterface Batch(string version) => new HostInterface("wasi:keyvalue/batch" + version)
        .Function("set-many", static (Bucket bucket, (string Key, byte[] Value)[] keyValues) => bucket.SetMany(keyValues))
        .Function("delete-many", static (Bucket bucket, string[] keys) => bucket.DeleteMany(keys));
}
