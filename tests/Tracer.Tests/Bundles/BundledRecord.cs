using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Tests.Lineage;
using Npgsql;

namespace Chain.Tracer.Tests.Bundles;

/// <summary>A database with random records over two days, some across midnight, and what it takes to add to it and to bundle it.</summary>
internal sealed class BundledRecord : IAsyncDisposable
{
    private readonly LabelStore _labels = new();
    private readonly CallNames _names = new();

    private BundledRecord(NpgsqlDataSource database) => Database = database;

    public NpgsqlDataSource Database { get; }

    public List<CallRecord> Calls { get; } = [];

    public List<FlowRecord> Flows { get; } = [];

    public StoreWriter Writer { get; private set; } = null!;

    public static async Task<BundledRecord> StoreAsync(int records = 60)
    {
        var own = new BundledRecord(await TestPostgres.NewDatabaseAsync());
        NodeRegistration node = await NodeRegistration.RegisterAsync(own.Database, Guid.NewGuid(), "here", 512);
        own.Writer = new StoreWriter(own.Database, new ProcessNames(own._labels, own._names), node.Id);
        const long Hour = 3_600_000_000;
        for (int seed = 0; seed < records; seed++)
        {
            bool atMidnight = seed % 5 == 1;
            long start = atMidnight ? (24 * 501 * Hour) - 15 : (24 * 500 * Hour) + (seed * Hour / 2);
            var record = new RandomRecord(seed, start, atMidnight ? seed / 5 * 128 : 0, own._labels, own._names);
            own.Calls.AddRange(record.Calls);
            own.Flows.AddRange(record.Flows);
        }

        await own.WriteAsync([.. own.Calls], [.. own.Flows]);
        return own;
    }

    public Task WriteAsync(CallRecord[] calls, FlowRecord[]? flows = null) => Writer.WriteAsync(new RecordBatch(calls, flows ?? []));

    /// <summary>A call like another, in the same trace, some microseconds later.</summary>
    public static CallRecord Later(CallRecord call, long microseconds) => call with
    {
        Id = CallId.From(call.Id.StartMicroseconds + microseconds, call.Id.Lane), Parent = call.Id, Duration = 1_000,
    };

    public Task<UpkeepResult?> BundleAsync() => new StoreUpkeep(Database, new UpkeepOptions { Retention = null, BundleAfter = TimeSpan.Zero }).RunAsync();

    public async Task<object?> ScalarAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
