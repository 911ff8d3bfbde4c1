using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Connections for reading the store, and what was learnt of its names. Safe for any number of threads; make one and keep it.</summary>
public sealed class StoreReader : IAsyncDisposable
{
    // The questions of this folder know their way: by index from one row to the next. A planner that sees an array of unknown length may think of
    // reading a whole day instead. Parsing and planning would cost more than most of them take.
    private const string Settings =
        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off -c enable_memoize=off -c enable_sort=on " +
        "-c plan_cache_mode=force_generic_plan -c jit=off -c max_parallel_workers_per_gather=0";

    private readonly NpgsqlDataSource _database;

    /// <summary>Opens no connection yet.</summary>
    /// <param name="connectionString">The store, migrated.</param>
    /// <param name="limits">How much one question may read.</param>
    public StoreReader(string connectionString, LineageLimits? limits = null)
    {
        Limits = limits ?? new LineageLimits();
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 200, AutoPrepareMinUsages = 2, NoResetOnClose = true, ApplicationName = "chain lineage" };
        settings.Options = $"{settings.Options} {Settings}".Trim();
        // Postgres sends 8 KiB at a time. Whoever takes no more than that at a time is woken for each.
        settings.ReadBufferSize = 64 << 10;
        settings.CommandTimeout = (int)Limits.Timeout.TotalSeconds;
        _database = NpgsqlDataSource.Create(settings);
    }

    /// <summary>How much one question may read.</summary>
    public LineageLimits Limits { get; }

    internal NameCatalog Names { get; } = new();

    internal CallDays Days { get; } = new();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _database.DisposeAsync();

    internal ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation) => _database.OpenConnectionAsync(cancellation);
}
