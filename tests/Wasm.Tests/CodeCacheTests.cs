using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;

namespace Chain.Wasm.Tests;

public sealed class CodeCacheTests : IDisposable
{
    // (func $fac (export "fac") (param i64) (result i64) …) by recursion.
    private const string Factorial =
        "0061736d0100000001060160017e017e030201000707010366616300000a17011500200050047e42010520002000427f7c10007e0b0b";

    private readonly string folder = Path.Combine(Path.GetTempPath(), $"chain-cache-{Guid.NewGuid():n}");

    [Fact]
    public void ACompiledModuleIsKeptAndFoundAgain()
    {
        Assert.Equal(120, RunOnce());
        string file = Assert.Single(Directory.GetFiles(folder));
        DateTime written = File.GetLastWriteTimeUtc(file);
        Assert.Equal(120, RunOnce());
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void AFileThatIsNotWholeIsWrittenAnew(int length)
    {
        Assert.Equal(120, RunOnce());
        string file = Assert.Single(Directory.GetFiles(folder));
        long whole = new FileInfo(file).Length;
        using (FileStream cut = File.OpenWrite(file)) cut.SetLength(length);
        Assert.Equal(120, RunOnce());
        Assert.Equal(whole, new FileInfo(file).Length);
    }

    [Fact]
    public void AFolderThatOthersMayWriteToIsRefused()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);
        var e = Assert.Throws<UnauthorizedAccessException>(() => new ManagedEngine(new EngineOptions { CacheDirectory = folder }));
        Assert.Contains("expected mode 0700", e.Message);
    }

    public void Dispose()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private long RunOnce()
    {
        var engine = new ManagedEngine(new EngineOptions { CacheDirectory = folder });
        using Store store = engine.CreateStore();
        return engine.Compile(Convert.FromHexString(Factorial)).Instantiate(store).GetFunction("fac").Invoke(Value.FromI64(5))[0].I64;
    }
}
