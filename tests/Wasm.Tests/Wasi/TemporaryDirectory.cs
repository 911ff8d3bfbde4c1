namespace Chain.Wasm.Tests.Wasi;

/// <summary>A new directory, gone with all in it when it is disposed of.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("chain-wasi-");

    public string Path => directory.FullName;

    /// <summary>The path of something in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a directory in it.</summary>
    public string Create(string name) => directory.CreateSubdirectory(name).FullName;

    public void Dispose() => directory.Delete(recursive: true);
}
