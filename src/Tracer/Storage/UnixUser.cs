using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Chain.Tracer.Storage;

/// <summary>The unprivileged user that root's servers run as.</summary>
internal sealed partial record UnixUser(string Name, int Uid, int Gid)
{
    private static readonly string[] Preferred = ["postgres", "nobody"];

    /// <summary>Null when this process is not root and needs no other user.</summary>
    /// <exception cref="StoreException">This process is root and there is nobody else.</exception>
    public static UnixUser? ToRunServersAs()
    {
        if (Environment.UserName != "root") return null;
        foreach (string name in Preferred)
        {
            foreach (string line in File.ReadLines("/etc/passwd"))
            {
                string[] fields = line.Split(':');
                if (fields.Length >= 4 && fields[0] == name)
                {
                    return new UnixUser(name, int.Parse(fields[2], CultureInfo.InvariantCulture),
                        int.Parse(fields[3], CultureInfo.InvariantCulture));
                }
            }
        }

        throw new StoreException("Postgres must not run as root, and this machine has neither a user 'postgres' nor 'nobody'; " +
                                 "run as another user or name a server with --postgres");
    }

    /// <summary>Gives a file or folder to this user.</summary>
    /// <exception cref="StoreException">The system refuses.</exception>
    public void Own(string path)
    {
        if (ChangeOwner(path, Uid, Gid) != 0)
            throw new StoreException($"cannot give {path} to user {Name}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Whether this user can get to a folder, which none of the folders above may forbid.</summary>
    public async Task<bool> CanReachAsync(string folder, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("test", ["-x", folder]) { UserName = Name, WorkingDirectory = "/" };
        using Process process = Process.Start(start) ?? throw new StoreException("cannot run 'test'");
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0;
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, int uid, int gid);
}
