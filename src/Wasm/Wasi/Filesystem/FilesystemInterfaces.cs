using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>The interfaces of <c>wasi:filesystem</c>: the directories of <see cref="WasiOptions.Preopens"/>.</summary>
public static class FilesystemInterfaces
{
    public static HostInterface Preopens { get; } = new HostInterface("wasi:filesystem/preopens@" + WasiInterfaces.Version)
        .Function("get-directories", static (ComponentStore store) => Directories(store.Get<WasiState>()));

    public static HostInterface Types { get; } = new HostInterface("wasi:filesystem/types@" + WasiInterfaces.Version)
        .Resource<Descriptor>("descriptor")
        .Resource<DirectoryEntryStream>("directory-entry-stream")
        .Function("[method]descriptor.read-via-stream", static (Descriptor self, ulong offset) => self.ReadViaStream(offset))
        .Function("[method]descriptor.write-via-stream", static (Descriptor self, ulong offset) => self.WriteViaStream(offset))
        .Function("[method]descriptor.append-via-stream", static (Descriptor self) => self.AppendViaStream())
        .Function("[method]descriptor.advise", static (Descriptor self, ulong offset, ulong length, Advice advice) => self.Advise(offset, length, advice))
        .Function("[method]descriptor.sync-data", static (Descriptor self) => self.Sync(dataOnly: true))
        .Function("[method]descriptor.get-flags", static (Descriptor self) => self.GetFlags())
        .Function("[method]descriptor.get-type", static (Descriptor self) => self.GetDescriptorType())
        .Function("[method]descriptor.set-size", static (Descriptor self, ulong size) => self.SetSize(size))
        .Function(
            "[method]descriptor.set-times",
            static (Descriptor self, NewTimestamp access, NewTimestamp modification) => self.SetTimes(access, modification))
        .Function("[method]descriptor.read", static (Descriptor self, ulong length, ulong offset) => self.Read(length, offset))
        .Function("[method]descriptor.write", static (Descriptor self, ReadOnlySpan<byte> buffer, ulong offset) => self.Write(buffer, offset))
        .Function("[method]descriptor.read-directory", static (Descriptor self) => self.ReadDirectory())
        .Function("[method]descriptor.sync", static (Descriptor self) => self.Sync(dataOnly: false))
        .Function("[method]descriptor.create-directory-at", static (Descriptor self, string path) => self.CreateDirectoryAt(path))
        .Function("[method]descriptor.stat", static (Descriptor self) => self.Stat())
        .Function("[method]descriptor.stat-at", static (Descriptor self, PathFlags how, string path) => self.StatAt(how, path))
        .Function(
            "[method]descriptor.set-times-at",
            static (Descriptor self, PathFlags how, string path, NewTimestamp access, NewTimestamp modification) =>
                self.SetTimesAt(how, path, access, modification))
        .Function(
            "[method]descriptor.link-at",
            static (Descriptor self, PathFlags how, string path, Descriptor newBase, string newPath) => self.LinkAt(how, path, newBase, newPath))
        .Function(
            "[method]descriptor.open-at",
            static (Descriptor self, PathFlags how, string path, OpenFlags open, DescriptorFlags flags) => self.OpenAt(how, path, open, flags))
        .Function("[method]descriptor.readlink-at", static (Descriptor self, string path) => self.ReadlinkAt(path))
        .Function("[method]descriptor.remove-directory-at", static (Descriptor self, string path) => self.RemoveDirectoryAt(path))
        .Function(
            "[method]descriptor.rename-at",
            static (Descriptor self, string path, Descriptor newBase, string newPath) => self.RenameAt(path, newBase, newPath))
        .Function("[method]descriptor.symlink-at", static (Descriptor self, string contents, string path) => self.SymlinkAt(contents, path))
        .Function("[method]descriptor.unlink-file-at", static (Descriptor self, string path) => self.UnlinkFileAt(path))
        .Function("[method]descriptor.is-same-object", static (Descriptor self, Descriptor other) => self.IsSameObject(other))
        .Function("[method]descriptor.metadata-hash", static (Descriptor self) => self.MetadataHash())
        .Function("[method]descriptor.metadata-hash-at", static (Descriptor self, PathFlags how, string path) => self.MetadataHashAt(how, path))
        .Function("[method]directory-entry-stream.read-directory-entry", static (DirectoryEntryStream self) => self.ReadDirectoryEntry())
        .Function("filesystem-error-code", static (IoError error) => (error as FilesystemError)?.Code);

    private static (Descriptor Directory, string Name)[] Directories(WasiState state) =>
        [.. state.Options.Preopens.Select(preopen => (Descriptor.Of(preopen, state.Files), preopen.GuestPath))];
}
