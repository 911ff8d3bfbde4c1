using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi.Config;
using Chain.Wasm.Wasi.Keyvalue;
using Chain.Wasm.Wasi.Logging;

namespace Chain.Wasm.Tests.Wasi.Keyvalue;

/// <summary>Buckets as guests have them open, over a store in memory; configuration and logging.</summary>
public sealed class KeyValueTests : IDisposable
{
    private readonly ComponentStore store = new(new ManagedEngine());
    private readonly KeyValueLimits limits = new() { KeyBytes = 16, ValueBytes = 32, Keys = 10, BatchBytes = 64 };

    public KeyValueTests() => store.Add(new KeyValueState(new MemoryKeyValueStore(["default"], mostBytes: 4096), limits));

    private Bucket Open() => Bucket.Open(store, "default").Value;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public void Dispose() => store.Dispose();

    [Fact]
    public void AValueIsKeptReplacedAndDeleted()
    {
        Bucket bucket = Open();
        Assert.Null(bucket.Get("a").Value);
        Assert.False(bucket.Exists("a").Value);
        Assert.False(bucket.Set("a", Bytes("1")).IsError);
        Assert.False(bucket.Set("a", Bytes("2")).IsError);
        Assert.Equal(Bytes("2"), Open().Get("a").Value);
        Assert.True(bucket.Exists("a").Value);
        Assert.False(bucket.Delete("a").IsError);
        Assert.False(bucket.Delete("a").IsError);
        Assert.Null(bucket.Get("a").Value);
    }

    [Theory]
    [InlineData("other")]
    [InlineData("")]
    [InlineData("a-name-that-is-longer-than-names-may-be")]
    public void ABucketThatWasNotGrantedIsNotThere(string name) => Assert.Equal(KeyValueError.NoSuchStore, Bucket.Open(store, name).Error);

    [Theory]
    [InlineData("12345678901234567", "a key of more than 16 bytes")]
    [InlineData("ééééééééé", "a key of more than 16 bytes")]
    [InlineData("a\0b", "a key with a NUL")]
    public void AKeyThatIsNoneIsRefusedEverywhere(string key, string message)
    {
        Bucket bucket = Open();
        KeyValueError expected = KeyValueError.Other(message);
        Assert.Equal(expected, bucket.Get(key).Error);
        Assert.Equal(expected, bucket.Set(key, []).Error);
        Assert.Equal(expected, bucket.Delete(key).Error);
        Assert.Equal(expected, bucket.Exists(key).Error);
        Assert.Equal(expected, bucket.ListKeys(key).Error);
        Assert.Equal(expected, bucket.Increment(key, 1L).Error);
        Assert.Equal(expected, bucket.GetMany(["a", key]).Error);
        Assert.Equal(expected, bucket.SetMany([("a", []), (key, [])]).Error);
        Assert.Equal(expected, bucket.DeleteMany([key]).Error);
        Assert.Equal(expected, Cas.Create(bucket, key).Error);
        Assert.False(bucket.Exists("a").Value);
    }

    [Fact]
    public void ValuesBatchesAndBucketsAreBounded()
    {
        Bucket bucket = Open();
        Assert.Equal("a value of more than 32 bytes", bucket.Set("a", new byte[33]).Error.Message);
        Assert.Equal("a batch of more than 10 keys", bucket.GetMany(new string[11]).Error.Message);
        Assert.Equal("a batch of more than 10 keys", bucket.DeleteMany(new string[11]).Error.Message);
        for (int i = 0; i < 3; i++) bucket.Set($"k{i}", new byte[32]);
        Assert.Equal("values of more than 64 bytes in a batch", bucket.GetMany(["k0", "k1", "k2"]).Error.Message);
        Result<Unit, KeyValueError> last = default(Unit);
        for (int i = 0; i < 200 && !last.IsError; i++) last = bucket.Set($"n{i}", new byte[32]);
        Assert.Equal("the bucket is full", last.Error.Message);
        Assert.False(bucket.Set("k0", new byte[16]).IsError);
    }

    [Fact]
    public void KeysAreListedPageByPageInBothDrafts()
    {
        Bucket bucket = Open();
        string[] expected = [.. Enumerable.Range(0, 25).Select(i => $"k{i:00}")];
        foreach (string key in expected.Reverse()) bucket.Set(key, []);
        var listed = new List<string>();
        string? cursor = null;
        do
        {
            KeyResponse page = bucket.ListKeys(cursor).Value;
            listed.AddRange(page.Keys);
            cursor = page.Cursor;
        }
        while (cursor is not null);
        Assert.Equal(expected, listed);

        listed.Clear();
        ulong? number = null;
        do
        {
            NumberedKeyResponse page = bucket.ListKeys(number).Value;
            listed.AddRange(page.Keys);
            number = page.Cursor;
        }
        while (number is not null);
        Assert.Equal(expected, listed);
        Assert.Equal("unknown cursor", bucket.ListKeys(999UL).Error.Message);
    }

    [Fact]
    public void ANumberIsIncrementedWithinItsType()
    {
        Bucket bucket = Open();
        Assert.Equal(5, bucket.Increment("n", 5L).Value);
        Assert.Equal(-2, bucket.Increment("n", -7L).Value);
        Assert.Equal(Bytes("-2"), bucket.Get("n").Value);
        Assert.Equal("the sum is too large", bucket.Increment("n", 1UL).Error.Message);
        Assert.Equal("the sum is too large", bucket.Increment("n", long.MinValue).Error.Message);
        Assert.Equal(-2, bucket.Increment("n", 0L).Value);
        Assert.Equal(ulong.MaxValue, bucket.Increment("u", ulong.MaxValue).Value);
        Assert.Equal("the sum is too large", bucket.Increment("u", 1UL).Error.Message);
        bucket.Set("t", Bytes("text"));
        Assert.Equal("the value is no number", bucket.Increment("t", 1L).Error.Message);
    }

    [Fact]
    public async Task IncrementsFromManyThreadsAreAllCounted()
    {
        Bucket bucket = Open();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 1000; i++) bucket.Increment("n", 1L);
        })));
        Assert.Equal(4000, bucket.Increment("n", 0L).Value);
    }

    [Fact]
    public void ASwapFailsWhenSomebodyWasFasterAndSucceedsAgain()
    {
        Bucket bucket = Open();
        Cas absent = Cas.Create(bucket, "a").Value;
        Assert.Null(absent.Current.Value);
        bucket.Set("a", Bytes("1"));
        CasError lost = absent.Swap(Bytes("2")).Error;
        Assert.Equal("cas-failed", CasError.Cases[lost.Case].Label);
        var again = Assert.IsType<Cas>(lost.Payload);
        Assert.Equal(Bytes("1"), again.Current.Value);
        Assert.False(again.Swap(Bytes("2")).IsError);
        Assert.Equal(Bytes("2"), bucket.Get("a").Value);

        // The same bytes written again are another value.
        Cas before = Cas.Create(bucket, "a").Value;
        bucket.Set("a", Bytes("2"));
        Assert.True(before.Swap(Bytes("3")).IsError);
        Assert.Equal("store-error", CasError.Cases[Cas.Create(bucket, "a").Value.Swap(new byte[33]).Error.Case].Label);
    }

    [Fact]
    public void ABatchGivesEachKeyItsValueOrNone()
    {
        Bucket bucket = Open();
        Assert.False(bucket.SetMany([("a", Bytes("1")), ("b", Bytes("2"))]).IsError);
        Assert.Equal([("b", "2"), ("x", null), ("a", "1")], bucket.GetMany(["b", "x", "a"]).Value.Select(Text));
        Assert.Equal([("b", "2"), null, ("a", "1")], bucket.GetManyFound(["b", "x", "a"]).Value.Select(pair => pair is { } found ? Text(found!) : ((string, string?)?)null));
        Assert.False(bucket.DeleteMany(["a", "x", "b"]).IsError);
        Assert.Empty(bucket.ListKeys((string?)null).Value.Keys);

        static (string, string?) Text((string Key, byte[]? Value) pair) => (pair.Key, pair.Value is null ? null : Encoding.UTF8.GetString(pair.Value));
    }

    [Fact]
    public void SettingsAreGivenByKeyAndAsAWhole()
    {
        var settings = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };
        var config = new ConfigState(settings);
        settings["a"] = "changed";
        Assert.Equal("1", config.Get("a").Value);
        Assert.Null(config.Get("c").Value);
        Assert.Equal([("a", "1"), ("b", "2")], config.All.Value);
    }

    [Fact]
    public void LogEntriesArriveAndLongOnesAreCut()
    {
        var entries = new List<GuestLogEntry>();
        var logging = new LoggingState(entries.Add);
        logging.Log(LogLevel.Warn, "ctx", "message");
        logging.Log(LogLevel.Info, new string('c', 5000), new string('a', 65_535) + "\U0001F600");
        Assert.Equal(new GuestLogEntry(LogLevel.Warn, "ctx", "message"), entries[0]);
        Assert.Equal((1024, 65_535), (entries[1].Context.Length, entries[1].Message.Length));
    }
}
