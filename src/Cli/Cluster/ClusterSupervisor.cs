using Chain.Cli.Node;
using Chain.Silo.Api;
using Chain.Silo.Hosting;
using Chain.Tracer.Storage;
using Chain.Wasm.Text;
using Npgsql;

namespace Chain.Cli.Cluster;

/// <summary>Runs the silos of a cluster, each in a process of its own, and their store where it is private. Safe for any thread.</summary>
internal sealed class ClusterSupervisor : ISupervisor, IAsyncDisposable
{
    private static readonly TimeSpan PostgresStop = TimeSpan.FromSeconds(10);

    private readonly NodeFolder folder;
    private readonly PrivatePostgres? postgres;
    private readonly SiloKeeper[] keepers;
    private readonly DateTimeOffset started = DateTimeOffset.UtcNow;
    private readonly SemaphoreSlim restarting = new(1, 1);
    private readonly TaskCompletionSource stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ApiServer? api;

    private ClusterSupervisor(UpRequest request, NodeFolder folder, PrivatePostgres? postgres)
    {
        this.folder = folder;
        this.postgres = postgres;
        string token = Path.Combine(folder.Folder, ApiToken.FileName);
        keepers =
        [
            .. Enumerable.Range(1, request.Silos).Select(number => new SiloKeeper(
                request.Of(number, Path.Combine(folder.Folder, "silos", $"s{number}"), request.Node.Postgres is null ? Path.Combine(folder.Folder, "postgres") : null),
                token, () => folder.AnnounceAgain(Description))),
        ];
    }

    /// <summary>How the silos are reached that can be now.</summary>
    public NodeDescription Description
    {
        get
        {
            SiloDescription[] silos =
            [
                .. keepers.Select(static keeper => (keeper.Name, Node: keeper.Description)).Where(static one => one.Node is not null)
                    // Those that are drained answer little.
                    .OrderBy(static one => one.Node!.IsDrained).Select(static one => new SiloDescription(one.Name, one.Node!.Url, one.Node.Http, one.Node.Pid)),
            ];
            return new NodeDescription(
                silos.FirstOrDefault()?.Url ?? api!.Url, silos.FirstOrDefault()?.Http ?? "", Environment.ProcessId, NodeProcess.Version, started, Supervisor: api!.Url, Silos: silos);
        }
    }

    public SupervisorState State => new(Environment.ProcessId, NodeProcess.Version, started, [.. keepers.Select(static keeper => keeper.State)]);

    /// <summary>Is done when somebody asks over the API that it ends.</summary>
    public Task Stopping => stopping.Task;

    /// <summary>Starts the store and the silos, and waits until all answer. Nobody finds them before <see cref="Announce"/>.</summary>
    /// <exception cref="CommandException">A silo does not start; the message is its own.</exception>
    /// <exception cref="NodeRunsException">A node runs in the folder.</exception>
    /// <exception cref="StoreException">No Postgres could be had.</exception>
    /// <exception cref="NpgsqlException">The user's own Postgres cannot be reached.</exception>
    public static async Task<ClusterSupervisor> StartAsync(UpRequest request, CancellationToken cancellation)
    {
        NodeFolder folder = NodeFolder.Take(request.Node.Folder);
        PrivatePostgres? postgres = null;
        ClusterSupervisor? made = null;
        try
        {
            ApiToken token = ApiToken.ReadOrMake(folder.Folder);
            if (request.Node.Postgres is null)
                postgres = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = Path.Combine(folder.Folder, "postgres") }, cancellation);
            await using (NpgsqlDataSource database = NpgsqlDataSource.Create(request.Node.Postgres ?? postgres!.ConnectionString))
                await Migrations.ApplyAsync(database, cancellation);
            made = new ClusterSupervisor(request, folder, postgres);
            made.api = await ApiServer.StartAsync(new ApiOptions { Token = token }, made, ForegroundNode.Log);

            // The first one makes the cluster; what is wrong with one is mostly wrong with all.
            await made.keepers[0].StartAsync(cancellation);
            await Task.WhenAll(made.keepers.Skip(1).Select(keeper => keeper.StartAsync(cancellation)));
            return made;
        }
        catch
        {
            if (made is not null)
            {
                await made.DisposeAsync();
            }
            else
            {
                if (postgres is not null) await postgres.DisposeAsync();
                folder.Dispose();
            }

            throw;
        }
    }

    /// <summary>Says in the folder how the silos are reached, now and whenever it changes.</summary>
    public void Announce() => folder.Announce(Description);

    public async Task<SiloProcess> RestartAsync(string silo)
    {
        SiloKeeper keeper = keepers.FirstOrDefault(one => one.Name == silo)
            ?? throw new KeyNotFoundException($"there is no silo '{silo}' here{NearNames.Hint(silo, [.. keepers.Select(static one => one.Name)])}");
        await restarting.WaitAsync();
        try
        {
            await keeper.RestartAsync();
            return keeper.State;
        }
        finally
        {
            restarting.Release();
        }
    }

    public void Shutdown() => stopping.TrySetResult();

    /// <summary>Ends all silos at once, whatever they do.</summary>
    public void Kill()
    {
        foreach (SiloKeeper keeper in keepers) keeper.Kill();
    }

    /// <summary>Ends all silos, which finish calls under way first, and the store where it is private.</summary>
    public async ValueTask DisposeAsync()
    {
        folder.Withdraw();
        await Task.WhenAll(keepers.Select(static keeper => keeper.EndAsync()));
        if (api is not null)
        {
            await api.StopAsync();
            await api.DisposeAsync();
        }

        foreach (SiloKeeper keeper in keepers) keeper.Dispose();
        if (postgres is not null)
        {
            await postgres.DisposeAsync();
            try
            {
                await postgres.WaitForStopAsync(PostgresStop);
            }
            catch (StoreException)
            {
                // Somebody else has it still.
            }
        }

        restarting.Dispose();
        folder.Dispose();
    }
}
