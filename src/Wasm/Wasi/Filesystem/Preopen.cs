namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>What a guest may do with directories beneath a preopened one, itself included.</summary>
[Flags]
public enum DirectoryPermissions
{
    None = 0,

    /// <summary>List them, and look up what is in them.</summary>
    Read = 1,

    /// <summary>Create, rename and delete what is in them.</summary>
    Mutate = 2,
}

/// <summary>What a guest may do with files beneath a preopened directory.</summary>
[Flags]
public enum FilePermissions
{
    None = 0,
    Read = 1,

    /// <summary>Change their contents, size and times.</summary>
    Write = 2,
}

/// <summary>
/// A directory of the host that a guest sees. It is opened once, here, and stays that directory even when it is renamed. Immutable; may serve many
/// stores at once.
/// </summary>
public sealed class Preopen
{
    /// <param name="hostPath">The directory; symbolic links in it are followed.</param>
    /// <param name="guestPath">The name that the guest knows it by, such as <c>/data</c>.</param>
    /// <param name="directories">Default <see cref="DirectoryPermissions.Read"/>.</param>
    /// <param name="files">Default <see cref="FilePermissions.Read"/>.</param>
    /// <exception cref="DirectoryNotFoundException"><paramref name="hostPath"/> cannot be opened as a directory.</exception>
    public Preopen(
        string hostPath, string guestPath, DirectoryPermissions directories = DirectoryPermissions.Read, FilePermissions files = FilePermissions.Read)
        : this(HostNode.OpenRoot(hostPath), guestPath, directories, files)
    {
    }

    internal Preopen(HostNode root, string guestPath, DirectoryPermissions directories, FilePermissions files) =>
        (Root, GuestPath, Directories, Files) = (root, guestPath, directories, files);

    public string GuestPath { get; }

    public DirectoryPermissions Directories { get; }

    public FilePermissions Files { get; }

    internal HostNode Root { get; }

    /// <summary>One whose directories and files the guest may change.</summary>
    /// <inheritdoc cref="Preopen(string, string, DirectoryPermissions, FilePermissions)"/>
    public static Preopen Writable(string hostPath, string guestPath) =>
        new(hostPath, guestPath, DirectoryPermissions.Read | DirectoryPermissions.Mutate, FilePermissions.Read | FilePermissions.Write);
}
