using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>The resource <c>directory-entry-stream</c>.</summary>
public sealed class DirectoryEntryStream : IDisposable
{
    private readonly DirectoryReader reader;
    private bool isDropped;

    internal DirectoryEntryStream(DirectoryReader reader) => this.reader = reader;

    /// <summary>
    /// The next entry, or <see langword="null"/> at the end. One whose name is not UTF-8 is <see cref="ErrorCode.IllegalByteSequence"/>, and the next
    /// call goes on behind it.
    /// </summary>
    public Result<DirectoryEntry?, ErrorCode> ReadDirectoryEntry() => reader.Next();

    public void Dispose()
    {
        if (isDropped) return;
        isDropped = true;
        reader.Release();
    }
}
