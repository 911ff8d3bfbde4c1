using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>
/// A Postgres of Chain's own: made, started, shared by every process that asks for the same folder, restarted when it crashes, and stopped
/// when
/// the last of them is gone, however it went.
/// </summary>
/// <remarks>
/// Every owner holds a shared lock on <c>owners.lock</c>, which the kernel releases when the owner dies. A small shell script supervises
/// the
/// server and waits for that lock exclusively: getting it means that nobody is left. As root, everything that belongs to the server runs as
/// the user <c>postgres</c>, or else <c>nobody</c>. Unix only.
/// </remarks>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const string Database = "chain";
    private const string User = "chain";

    // $1 owners.lock, $2 postmaster.pid, $3 the log, then the command. The watcher keeps the lock until the server is down, so that a
    // newcomer cannot mistake a server that is going for one that stays. The pid file may be that of a server that crashed just before, while
    // another one starts: it is told again and again to stop, and a file that a crashed one left is removed.
    private const string Supervisor = """
        owners=$1 pidfile=$2 log=$3; shift 3
        exec </dev/null >>"$log" 2>&1
        stop="$pidfile.stop.$$"
        trap '' INT HUP
        (
            exec 9<"$owners"; flock -x 9; : >"$stop"
            n=0
            while [ $n -lt 3000 ]; do
                pid=$(head -n 1 "$pidfile" 2>/dev/null) || pid=
                if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
                    [ $((n % 50)) -ne 0 ] || kill -INT "$pid" 2>/dev/null
                elif [ -e "$stop.over" ] || ! kill -0 $$ 2>/dev/null; then
                    break
                fi
                sleep 0.02; n=$((n + 1))
            done
        ) &
        while [ ! -e "$stop" ]; do
            "$@"
            [ -e "$stop" ] || sleep 0.2
        done
        pid=$(head -n 1 "$pidfile" 2>/dev/null) || pid=
        [ -z "$pid" ] || kill -0 "$pid" 2>/dev/null || rm -f "$pidfile"
        : >"$stop.over"
        wait
        rm -f "$stop" "$stop.over"
        """;

    private readonly FileStream _owner;

    private PrivatePostgres(FileStream owner, string connectionString, string folder)
    {
        _owner = owner;
        ConnectionString = connectionString;
        Folder = folder;
    }

    /// <summary>Connects to the database <c>chain</c> as its owner, a superuser of the private server.</summary>
    public string ConnectionString { get; }

    /// <summary>Where everything is: the folder of the options, or where root has it instead (see <see cref="ExistsAsync"/>).</summary>
    public string Folder { get; }

    /// <summary>The server's process id right now; it changes when the server was restarted after a crash.</summary>
    /// <exception cref="StoreException">The server is down at this moment.</exception>
    public int ServerProcessId
    {
        get
        {
            try
            {
                return int.Parse(File.ReadLines(Path.Combine(Folder, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
            }
            catch (Exception e) when (e is IOException or FormatException or InvalidOperationException)
            {
                throw new StoreException($"the Postgres of {Folder} is not running", e);
            }
        }
    }

    /// <summary>Joins the server of this folder, making and starting it first where needed.</summary>
    /// <exception cref="StoreException">There is no Postgres on this machine, or it does not start; the message has the end of its
    /// log.</exception>
    public static async Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options, CancellationToken cancellation = default)
    {
        if (OperatingSystem.IsWindows()) throw new StoreException("the private Postgres needs a Unix; name your own with --postgres");
        PostgresBinaries binaries = PostgresBinaries.Find();
        UnixUser? user = UnixUser.ToRunServersAs();
        Directory.CreateDirectory(options.Folder);
        string folder = await PlaceAsync(options.Folder, user, cancellation);
        Directory.CreateDirectory(folder);
        if (folder != Path.GetFullPath(options.Folder)) LetEverybodyIn(folder);

        var clock = Stopwatch.StartNew();
        FileStream owner = await LockAsync(Path.Combine(folder, "owners.lock"), FileShare.Read, options.StartTimeout, cancellation);
        try
        {
            await using FileStream starting = await LockAsync(Path.Combine(folder, "start.lock"), FileShare.None, options.StartTimeout,
                cancellation);
            string password = await InitialiseAsync(binaries, folder, user, cancellation);
            string socket = SocketFolder(folder);
            string connection = new NpgsqlConnectionStringBuilder
            {
                Host = socket, Username = User, Password = password, Database = Database, Timeout = 5, IncludeErrorDetail = true, MaxPoolSize = 40,
            }.ConnectionString;

            Exception? refused = await TryConnectAsync(connection, cancellation);
            Process? supervisor = null;
            if (refused is not null)
            {
                MakeFolder(socket, user);
                supervisor = Launch(binaries, folder, socket, options, user);
            }

            while (refused is not null)
            {
                if (clock.Elapsed > options.StartTimeout || supervisor is { HasExited: true })
                {
                    throw new StoreException($"the private Postgres in {folder} did not start within {options.StartTimeout.TotalSeconds:0} s ({refused.Message}); " +
                                             $"the end of its log: {LogTail(folder)}", refused);
                }

                await Task.Delay(20, cancellation);
                refused = await TryConnectAsync(connection, cancellation);
            }

            return new PrivatePostgres(owner, connection, folder);
        }
        catch
        {
            await owner.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether a cluster was made for this folder before.</summary>
    /// <remarks>
    /// The user that root runs the server as may not be able to enter the folder, as below <c>/root</c>; the cluster is then in
    /// <c>/var/lib/chain</c>, under a name made from the folder's.
    /// </remarks>
    public static async Task<bool> ExistsAsync(string folder, CancellationToken cancellation = default) =>
        Directory.Exists(folder)
            && File.Exists(Path.Combine(await PlaceAsync(folder, UnixUser.ToRunServersAs(), cancellation), "password"));

    /// <summary>Leaves the server; the last one to leave stops it. Waits for neither.</summary>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
        await _owner.DisposeAsync();
    }

    /// <summary>Waits until the server is down, after every owner has left.</summary>
    /// <exception cref="StoreException">It was not down within the time.</exception>
    public async Task WaitForStopAsync(TimeSpan timeout)
    {
        var clock = Stopwatch.StartNew();
        while (File.Exists(Path.Combine(Folder, "data", "postmaster.pid")))
        {
            if (clock.Elapsed > timeout)
                throw new StoreException($"the Postgres of {Folder} did not stop within {timeout.TotalSeconds:0} s");
            await Task.Delay(20);
        }
    }

    private static async Task<string> PlaceAsync(string folder, UnixUser? user, CancellationToken cancellation)
    {
        string full = Path.GetFullPath(folder);
        return user is null || await user.CanReachAsync(full, cancellation) ? full : Path.Combine("/var/lib/chain", ShortHash(full));
    }

    private static string ShortHash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    private static async Task<FileStream> LockAsync(string path, FileShare share, TimeSpan timeout, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        if (!File.Exists(path))
        {
            try
            {
                await File.Create(path).DisposeAsync();
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another owner was faster.
            }
        }

        while (true)
        {
            try
            {
                // .NET takes flock(LOCK_SH) for a shared reader and LOCK_EX for FileShare.None.
                return new FileStream(path, FileMode.Open, share == FileShare.None ? FileAccess.ReadWrite : FileAccess.Read, share);
            }
            catch (IOException) when (clock.Elapsed < timeout)
            {
                await Task.Delay(20, cancellation);
            }
            catch (IOException e)
            {
                throw new StoreException($"{path} has been locked by another process for {timeout.TotalSeconds:0} s", e);
            }
        }
    }

    private static async Task<string> InitialiseAsync(PostgresBinaries binaries, string folder, UnixUser? user,
        CancellationToken cancellation)
    {
        string data = Path.Combine(folder, "data"), passwordFile = Path.Combine(folder, "password");
        if (File.Exists(passwordFile) && File.Exists(Path.Combine(data, "PG_VERSION")))
            return (await File.ReadAllTextAsync(passwordFile, cancellation)).Trim();

        // A cluster without its password is one whose making was interrupted: nothing was stored in it yet.
        if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
        string password = RandomNumberGenerator.GetHexString(32, lowercase: true);
        MakeFolder(data, user);
        string handed = Path.Combine(folder, "initial-password");
        await WriteSecretAsync(handed, password, user, cancellation);
        try
        {
            await RunAsync(binaries["initdb"],
                ["-D", data, "-U", User, "--pwfile", handed, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C", "-N"], user, folder,
                    cancellation);
            // A server without any listener: made, told one statement, gone.
            await RunAsync(binaries["postgres"], ["--single", "-D", data, "postgres"], user, folder, cancellation,
                $"CREATE DATABASE {Database}\n");
        }
        finally
        {
            File.Delete(handed);
        }

        string unfinished = passwordFile + ".new";
        await WriteSecretAsync(unfinished, password, null, cancellation);
        File.Move(unfinished, passwordFile, overwrite: true);
        return password;
    }

    private static async Task WriteSecretAsync(string path, string secret, UnixUser? owner, CancellationToken cancellation)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new FileStream(path, options)) await file.WriteAsync(Encoding.ASCII.GetBytes(secret), cancellation);
        owner?.Own(path);
    }

    private static void MakeFolder(string path, UnixUser? owner)
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        owner?.Own(path);
    }

    // Root's umask may keep the server's user out of the place that was made for it. What is secret in there has modes of its own.
    private static void LetEverybodyIn(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        foreach (string one in (string[])[Path.GetDirectoryName(folder)!, folder])
        {
            File.SetUnixFileMode(one, File.GetUnixFileMode(one) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }
    }

    // A socket's path has at most 107 bytes.
    private static string SocketFolder(string folder)
    {
        string own = Path.Combine(folder, "socket");
        if (Encoding.UTF8.GetByteCount(own) <= 90) return own;
        return $"/tmp/chain-{ShortHash(own)}";
    }

    private static Process Launch(PostgresBinaries binaries, string folder, string socket, PrivatePostgresOptions options, UnixUser? user)
    {
        string data = Path.Combine(folder, "data"), log = Path.Combine(folder, "postgres.log");
        if (!File.Exists(log)) File.Create(log).Dispose();
        user?.Own(log);
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "",
            ["unix_socket_directories"] = socket,
            ["shared_buffers"] = options.SharedBuffers,
            ["max_connections"] = "200",
            ["max_wal_size"] = "4GB",
            ["checkpoint_timeout"] = "15min",
            ["wal_level"] = "minimal",
            ["max_wal_senders"] = "0",
            ["random_page_cost"] = "1.1",
            ["work_mem"] = "64MB",
            // Compiling a plan costs more than most of our queries take.
            ["jit"] = "off",
        };
        foreach ((string name, string value) in options.Settings) settings[name] = value;

        var start = new ProcessStartInfo("setsid") { WorkingDirectory = data, UseShellExecute = false };
        foreach (string argument in (string[])["sh", "-c", Supervisor, "chain-postgres", Path.Combine(folder, "owners.lock"),
            Path.Combine(data, "postmaster.pid"), log, binaries["postgres"], "-D", data])
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in settings)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"{name}={value}");
        }

        if (user is not null) start.UserName = user.Name;
        return Process.Start(start) ?? throw new StoreException("the private Postgres did not start");
    }

    private static async Task<Exception?> TryConnectAsync(string connection, CancellationToken cancellation)
    {
        try
        {
            await using var probe = new NpgsqlConnection(connection + ";Pooling=false");
            await probe.OpenAsync(cancellation);
            return null;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidPassword)
        {
            throw new StoreException("the private Postgres refuses the password in its own folder; was the file changed?", e);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            return e;
        }
    }

    private static async Task RunAsync(string program, string[] arguments, UnixUser? user, string folder, CancellationToken cancellation,
        string input = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true,
        };
        if (user is not null) start.UserName = user.Name;
        using Process process = Process.Start(start) ?? throw new StoreException($"{program} did not start");
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation);
        string errors = await process.StandardError.ReadToEndAsync(cancellation);
        await output;
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0) throw new StoreException($"{program} failed with exit code {process.ExitCode}: {OneLine(errors)}");
    }

    private static string LogTail(string folder)
    {
        string log = Path.Combine(folder, "postgres.log");
        return File.Exists(log) ? OneLine(string.Join('\n', File.ReadLines(log).TakeLast(5))) : "(there is none)";
    }

    private static string OneLine(string text) =>
        string.Join("; ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
