using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chain.Silo.Api;

/// <summary>How a running node is reached, as it stands in <c>node.json</c>; or the silos of a cluster, where one process runs them.</summary>
/// <param name="Url">Its API, without <c>/api/v1</c>; of several silos the first one's.</param>
/// <param name="Http">Where applications' HTTP is served; of several silos by the first.</param>
/// <param name="Pid">Its process; of several silos the one that runs them.</param>
/// <param name="Version">Of Chain.</param>
/// <param name="Started">When.</param>
/// <param name="IsDrained">Whether it has left its cluster, and only its process is there still.</param>
/// <param name="Supervisor">The API of the process that runs the silos; absent where there is none such.</param>
/// <param name="Silos">The silos that it runs; absent where there is none such.</param>
public sealed record NodeDescription(
    string Url, string Http, int Pid, string Version, DateTimeOffset Started, bool IsDrained = false, string? Supervisor = null,
    IReadOnlyList<SiloDescription>? Silos = null);

/// <summary>How one silo of several is reached.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Url">Its API, without <c>/api/v1</c>.</param>
/// <param name="Http">Where applications' HTTP is served.</param>
/// <param name="Pid">Its process.</param>
public sealed record SiloDescription(string Name, string Url, string Http, int Pid);

/// <summary>A node runs in the folder already.</summary>
public sealed class NodeRunsException(string message) : Exception(message);

/// <summary>
/// The folder that one running node has for itself. A lock says whether a node runs there, which the kernel releases however the node ends;
/// <c>node.json</c> says how it is reached.
/// </summary>
public sealed class NodeFolder : IDisposable
{
    private const string LockFile = "node.lock";
    private const string DescriptionFile = "node.json";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    // Somebody who only looks holds the lock for a moment.
    private static readonly TimeSpan LookingTime = TimeSpan.FromSeconds(1);

    private readonly FileStream held;
    private readonly Lock gate = new();
    private bool isAnnounced;

    private NodeFolder(string folder, FileStream held)
    {
        Folder = folder;
        this.held = held;
    }

    public string Folder { get; }

    /// <summary>Takes a folder, which is made where it is not there.</summary>
    /// <exception cref="NodeRunsException">A node has it.</exception>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    public static NodeFolder Take(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, LockFile);
        long end = Environment.TickCount64 + (long)LookingTime.TotalMilliseconds;
        while (true)
        {
            try
            {
                var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                File.Delete(Path.Combine(folder, DescriptionFile));
                return new NodeFolder(folder, held);
            }
            catch (IOException) when (File.Exists(path) && Environment.TickCount64 < end)
            {
                Thread.Sleep(20);
            }
            catch (IOException) when (IsHeld(path))
            {
                string where = Read(folder) is { } node ? $" (process {node.Pid}, {node.Url})" : "";
                throw new NodeRunsException($"a node runs in {folder} already{where}; stop it with: chain down");
            }
        }
    }

    /// <summary>Whether a node has the folder, and how it is reached: nothing of that while it starts or ends.</summary>
    public static (bool IsHeld, NodeDescription? Node) Look(string folder) =>
        IsHeld(Path.Combine(folder, LockFile)) ? (true, Read(folder)) : (false, null);

    /// <summary>Says how the node is reached, now that it can be.</summary>
    public void Announce(NodeDescription node)
    {
        lock (gate)
        {
            isAnnounced = true;
            Write(node);
        }
    }

    /// <summary>Says it anew, unless it was taken back.</summary>
    public void AnnounceAgain(NodeDescription node)
    {
        lock (gate)
        {
            if (isAnnounced) Write(node);
        }
    }

    /// <summary>Takes back what <see cref="Announce"/> said; the folder stays taken.</summary>
    public void Withdraw()
    {
        lock (gate)
        {
            isAnnounced = false;
            File.Delete(Path.Combine(Folder, DescriptionFile));
        }
    }

    public void Dispose()
    {
        Withdraw();
        held.Dispose();
    }

    private void Write(NodeDescription node)
    {
        string path = Path.Combine(Folder, DescriptionFile), unfinished = path + ".new";
        File.WriteAllText(unfinished, JsonSerializer.Serialize(node, Json) + "\n");
        File.Move(unfinished, path, overwrite: true);
    }

    private static bool IsHeld(string path)
    {
        try
        {
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read).Dispose();
            return false;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static NodeDescription? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<NodeDescription>(File.ReadAllText(Path.Combine(folder, DescriptionFile)), Json);
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException)
        {
            return null;
        }
    }
}
