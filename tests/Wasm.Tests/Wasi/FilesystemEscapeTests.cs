using Chain.Wasm.Wasi.Filesystem;
using static Chain.Wasm.Wasi.Filesystem.ErrorCode;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>Ways out of a preopened directory, each refused with its error, and the outside left as it was.</summary>
public sealed class FilesystemEscapeTests
{
    private static readonly string LongName = new('x', 256);
    private static readonly string LongPath = string.Concat(Enumerable.Repeat("dir/../", 600)) + "file.txt";

    private static readonly Dictionary<string, (ErrorCode Expected, Func<Sandbox, Descriptor, ErrorCode> Try)> Tries = new()
    {
        // ".." and absolute paths.
        ["open .."] = (NotPermitted, (_, root) => root.Open("..").Failed()),
        ["open ../"] = (NotPermitted, (_, root) => root.Open("../").Failed()),
        ["open ../outside/secret.txt"] = (NotPermitted, (_, root) => root.Open("../outside/secret.txt").Failed()),
        ["open dir/../../outside/secret.txt"] = (NotPermitted, (_, root) => root.Open("dir/../../outside/secret.txt").Failed()),
        ["open ./.././outside"] = (NotPermitted, (_, root) => root.Open("./.././outside").Failed()),
        ["open out and back in"] = (NotPermitted, (_, root) => root.Open("../inside/file.txt").Failed()),
        ["open dir/sub/../../.."] = (NotPermitted, (_, root) => root.Open("dir/sub/../../..").Failed()),
        ["open .. from a directory below"] = (NotPermitted, (_, root) => root.Open("dir").Succeeded().Open("..").Failed()),
        ["open a sibling from a directory below"] = (NotPermitted, (_, root) => root.Open("dir").Succeeded().Open("../file.txt").Failed()),
        ["open /etc/passwd"] = (NotPermitted, (_, root) => root.Open("/etc/passwd").Failed()),
        ["open /"] = (NotPermitted, (_, root) => root.Open("/").Failed()),
        ["open //etc"] = (NotPermitted, (_, root) => root.Open("//etc").Failed()),
        ["open the inside by its own path"] = (NotPermitted, (sandbox, root) => root.Open(sandbox.Inside + "/file.txt").Failed()),
        ["stat .."] = (NotPermitted, (_, root) => root.Stat("..").Failed()),
        ["stat ../outside/secret.txt, not following"] = (NotPermitted, (_, root) => root.Stat("../outside/secret.txt", follow: false).Failed()),
        ["stat what is not outside"] = (NotPermitted, (_, root) => root.Stat("../outside/not-there").Failed()),
        ["hash ../outside/secret.txt"] = (NotPermitted, (_, root) => root.MetadataHashAt(PathFlags.None, "../outside/secret.txt").Failed()),

        // Symbolic links, in any component.
        ["open a link up"] = (NotPermitted, (_, root) => root.Open("link-up").Failed()),
        ["open a link up, not following"] = (Loop, (_, root) => root.Open("link-up", follow: false).Failed()),
        ["open beneath a link up"] = (NotPermitted, (_, root) => root.Open("link-dir-up/secret.txt").Failed()),
        ["open beneath a link up, not following"] = (NotPermitted, (_, root) => root.Open("link-dir-up/secret.txt", follow: false).Failed()),
        ["open a link up as a directory"] = (NotPermitted, (_, root) => root.Open("link-dir-up", OpenFlags.Directory).Failed()),
        ["open a link up with a slash"] = (NotPermitted, (_, root) => root.Open("link-dir-up/", follow: false).Failed()),
        ["open an absolute link"] = (NotPermitted, (_, root) => root.Open("link-abs").Failed()),
        ["open beneath an absolute link"] = (NotPermitted, (_, root) => root.Open("link-dir-abs/secret.txt").Failed()),
        ["open the root by a link"] = (NotPermitted, (_, root) => root.Open("link-root").Failed()),
        ["open beneath the root by a link"] = (NotPermitted, (_, root) => root.Open("link-root/etc/passwd").Failed()),
        ["open by a link out and back in"] = (NotPermitted, (_, root) => root.Open("link-back-in").Failed()),
        ["open by links to links"] = (NotPermitted, (_, root) => root.Open("hop1").Failed()),
        ["open a link up from below"] = (NotPermitted, (_, root) => root.Open("dir/up2").Failed()),
        ["open a link up through a link in"] = (NotPermitted, (_, root) => root.Open("link-dir-in/up2").Failed()),
        ["open beneath a link up from below"] = (NotPermitted, (_, root) => root.Open("dir/sub/up3/secret.txt").Failed()),
        ["open by a winding link"] = (NotPermitted, (_, root) => root.Open("winding").Failed()),
        ["open .. behind a link up"] = (NotPermitted, (_, root) => root.Open("link-dir-up/../inside/file.txt").Failed()),
        ["open .. behind links to here"] = (NotPermitted, (_, root) => root.Open("self/self/../outside").Failed()),
        ["open a loop of links"] = (Loop, (_, root) => root.Open("loop-a").Failed()),
        ["open beneath a loop of links"] = (Loop, (_, root) => root.Open("loop-a/file.txt").Failed()),
        ["open the process's root"] = (NotPermitted, (_, root) => root.Open("proc-root/etc/passwd").Failed()),
        ["stat a link up"] = (NotPermitted, (_, root) => root.Stat("link-up").Failed()),
        ["stat beneath a link up"] = (NotPermitted, (_, root) => root.Stat("link-dir-up/secret.txt", follow: false).Failed()),
        ["stat a link up with a slash"] = (NotPermitted, (_, root) => root.Stat("link-dir-up/", follow: false).Failed()),
        ["read a link beneath a link up"] = (NotPermitted, (_, root) => root.ReadlinkAt("link-dir-up/dir").Failed()),
        ["read a link with a slash"] = (NotPermitted, (_, root) => root.ReadlinkAt("link-dir-up/").Failed()),
        ["read an absolute link"] = (NotPermitted, (_, root) => root.ReadlinkAt("link-abs").Failed()),

        // What makes things.
        ["create ../outside/new.txt"] = (NotPermitted, (_, root) => root.OpenToWrite("../outside/new.txt", OpenFlags.Create).Failed()),
        ["create through a dangling link"] = (NotPermitted, (_, root) => root.OpenToWrite("dangling-out", OpenFlags.Create).Failed()),
        ["create where a link dangles, exclusively"] =
            (Exist, (_, root) => root.OpenToWrite("dangling-out", OpenFlags.Create | OpenFlags.Exclusive).Failed()),
        ["create beneath a link up"] = (NotPermitted, (_, root) => root.OpenToWrite("link-dir-up/new.txt", OpenFlags.Create).Failed()),
        ["truncate through a link up"] = (NotPermitted, (_, root) => root.OpenToWrite("link-up", OpenFlags.Truncate).Failed()),
        ["truncate through an absolute link"] = (NotPermitted, (_, root) => root.OpenToWrite("link-abs", OpenFlags.Truncate).Failed()),
        ["make a directory outside"] = (NotPermitted, (_, root) => root.CreateDirectoryAt("../outside/new-dir").Failed()),
        ["make a directory beneath a link up"] = (NotPermitted, (_, root) => root.CreateDirectoryAt("link-dir-up/new-dir").Failed()),
        ["make a directory where a link dangles"] = (Exist, (_, root) => root.CreateDirectoryAt("dangling-dir-out").Failed()),
        ["make a directory where a link dangles, with a slash"] = (Exist, (_, root) => root.CreateDirectoryAt("dangling-dir-out/").Failed()),
        ["make an absolute directory"] = (NotPermitted, (sandbox, root) => root.CreateDirectoryAt(sandbox.Outside + "/new-dir").Failed()),
        ["make the directory .."] = (NotPermitted, (_, root) => root.CreateDirectoryAt("..").Failed()),
        ["make an absolute link"] = (NotPermitted, (_, root) => root.SymlinkAt("/etc/passwd", "new-link").Failed()),
        ["make a link outside"] = (NotPermitted, (_, root) => root.SymlinkAt("x", "../outside/new-link").Failed()),
        ["make a link beneath a link up"] = (NotPermitted, (_, root) => root.SymlinkAt("x", "link-dir-up/new-link").Failed()),
        ["make a link up and open it"] = (NotPermitted, (_, root) =>
        {
            root.SymlinkAt("../outside/secret.txt", "new-link").Succeeded();
            return root.Open("new-link").Failed();
        }),
        ["move a link up to where it leads out"] = (NotPermitted, (_, root) =>
        {
            root.SymlinkAt("../../outside/secret.txt", "dir/new-link").Succeeded();
            root.RenameAt("dir/new-link", root, "dir/sub/new-link").Succeeded();
            root.RenameAt("dir/sub", root, "sub").Succeeded();
            return root.Open("sub/new-link").Failed();
        }),

        // What removes and moves things.
        ["unlink ../outside/secret.txt"] = (NotPermitted, (_, root) => root.UnlinkFileAt("../outside/secret.txt").Failed()),
        ["unlink beneath a link up"] = (NotPermitted, (_, root) => root.UnlinkFileAt("link-dir-up/secret.txt").Failed()),
        ["unlink beneath an absolute link"] = (NotPermitted, (_, root) => root.UnlinkFileAt("link-dir-abs/secret.txt").Failed()),
        ["unlink a link up with a slash"] = (NotDirectory, (_, root) => root.UnlinkFileAt("link-dir-up/").Failed()),
        ["remove ../outside/dir"] = (NotPermitted, (_, root) => root.RemoveDirectoryAt("../outside/dir").Failed()),
        ["remove beneath a link up"] = (NotPermitted, (_, root) => root.RemoveDirectoryAt("link-dir-up/dir").Failed()),
        ["remove a link up as a directory"] = (NotDirectory, (_, root) => root.RemoveDirectoryAt("link-dir-up").Failed()),
        ["remove a link up with a slash"] = (NotDirectory, (_, root) => root.RemoveDirectoryAt("link-dir-up/").Failed()),
        ["remove .."] = (NotPermitted, (_, root) => root.RemoveDirectoryAt("..").Failed()),
        ["remove dir/.."] = (NotEmpty, (_, root) => root.RemoveDirectoryAt("dir/..").Failed()),
        ["remove ."] = (Invalid, (_, root) => root.RemoveDirectoryAt(".").Failed()),
        ["rename in from outside"] = (NotPermitted, (_, root) => root.RenameAt("../outside/secret.txt", root, "stolen.txt").Failed()),
        ["rename in from beneath a link up"] = (NotPermitted, (_, root) => root.RenameAt("link-dir-up/secret.txt", root, "stolen.txt").Failed()),
        ["rename out"] = (NotPermitted, (_, root) => root.RenameAt("file.txt", root, "../outside/secret.txt").Failed()),
        ["rename out beneath a link up"] = (NotPermitted, (_, root) => root.RenameAt("file.txt", root, "link-dir-up/secret.txt").Failed()),
        ["rename to an absolute path"] = (NotPermitted, (sandbox, root) => root.RenameAt("file.txt", root, sandbox.Outside + "/new.txt").Failed()),
        ["rename .."] = (NotPermitted, (_, root) => root.RenameAt("..", root, "up").Failed()),
        ["rename to another preopened directory"] =
            (CrossDevice, (sandbox, root) => root.RenameAt("file.txt", sandbox.Open(sandbox.Outside), "new.txt").Failed()),
        ["rename from another preopened directory"] =
            (CrossDevice, (sandbox, root) => sandbox.Open(sandbox.Outside).RenameAt("secret.txt", root, "stolen.txt").Failed()),
        ["rename to one that cannot be changed"] =
            (ReadOnly, (sandbox, root) => root.RenameAt("file.txt", sandbox.Open(sandbox.Outside, DirectoryPermissions.Read), "new.txt").Failed()),

        // Hard links.
        ["link to a file outside"] = (NotPermitted, (_, root) => root.LinkAt(PathFlags.None, "../outside/secret.txt", root, "stolen.txt").Failed()),
        ["link to a file beneath a link up"] =
            (NotPermitted, (_, root) => root.LinkAt(PathFlags.None, "link-dir-up/secret.txt", root, "stolen.txt").Failed()),
        ["link through a link up, following"] = (Invalid, (_, root) => root.LinkAt(PathFlags.SymlinkFollow, "link-up", root, "stolen.txt").Failed()),
        ["link to a directory outside with a slash"] = (NotPermitted, (_, root) => root.LinkAt(PathFlags.None, "link-dir-up/", root, "stolen").Failed()),
        ["link to an absolute path"] =
            (NotPermitted, (sandbox, root) => root.LinkAt(PathFlags.None, sandbox.Outside + "/secret.txt", root, "stolen.txt").Failed()),
        ["link out"] = (NotPermitted, (_, root) => root.LinkAt(PathFlags.None, "file.txt", root, "../outside/new.txt").Failed()),
        ["link from another preopened directory"] =
            (CrossDevice, (sandbox, root) => sandbox.Open(sandbox.Outside).LinkAt(PathFlags.None, "secret.txt", root, "stolen.txt").Failed()),
        ["link from one that cannot be changed"] = (ReadOnly, (sandbox, root) =>
            sandbox.Open(sandbox.Outside, DirectoryPermissions.Read).LinkAt(PathFlags.None, "secret.txt", root, "stolen.txt").Failed()),

        // Times.
        ["set times of ../outside/secret.txt"] = (NotPermitted, (_, root) =>
            root.SetTimesAt(PathFlags.SymlinkFollow, "../outside/secret.txt", NewTimestamp.Now, NewTimestamp.Now).Failed()),
        ["set times through a link up"] = (NotPermitted, (_, root) =>
            root.SetTimesAt(PathFlags.SymlinkFollow, "link-up", NewTimestamp.Now, NewTimestamp.Now).Failed()),
        ["set times beneath a link up"] = (NotPermitted, (_, root) =>
            root.SetTimesAt(PathFlags.None, "link-dir-up/secret.txt", NewTimestamp.Now, NewTimestamp.Now).Failed()),

        // Strange paths.
        ["open an empty path"] = (NoEntry, (_, root) => root.Open("").Failed()),
        ["make a directory with an empty path"] = (NoEntry, (_, root) => root.CreateDirectoryAt("").Failed()),
        ["open a path with NUL"] = (Invalid, (_, root) => root.Open("file.txt\0/../../outside").Failed()),
        ["make a link with NUL in it"] = (Invalid, (_, root) => root.SymlinkAt("x\0y", "new-link").Failed()),
        ["open a name that is too long"] = (NameTooLong, (_, root) => root.Open(LongName).Failed()),
        ["open a path that is too long"] = (NameTooLong, (_, root) => root.Open(LongPath).Failed()),
        ["open half a surrogate pair"] = (IllegalByteSequence, (_, root) => root.Open("\uD800").Failed()),
        ["open a file with a slash"] = (NotDirectory, (_, root) => root.Open("file.txt/").Failed()),
        ["open beneath a file"] = (NotDirectory, (_, root) => root.Open("file.txt/..").Failed()),
        ["open beneath a file descriptor"] = (NotDirectory, (_, root) => root.Open("file.txt").Succeeded().Open("x").Failed()),
    };

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (string way in Sandbox.Ways)
            {
                foreach (string name in Tries.Keys) all.Add(way, name);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void NoWayLeadsOut(string way, string name)
    {
        using var sandbox = new Sandbox(way);
        (ErrorCode expected, Func<Sandbox, Descriptor, ErrorCode> attempt) = Tries[name];
        Assert.Equal(expected, attempt(sandbox, sandbox.Root()));
        sandbox.AssertOutsideIsUntouched();
    }
}
