using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests.Storage;

public sealed class StoreWriterTests
{
    [PostgresFact]
    public async Task WhatIsWrittenCanBeReadBackByName()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var labels = new LabelStore();
        var names = new CallNames();
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "here", 2);
        var writer = new StoreWriter(database, new ProcessNames(labels, names), node.Id);
        CallId root = CallId.From(CallId.At(DateTimeOffset.UtcNow).StartMicroseconds, node.FirstLane);
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("clinic/records"), new FunctionRef("get")));
        CallRecord[] calls =
        [
            new() { Id = root, Trace = root.Value, Site = site, Duration = 1_500, SizeIn = 10, SizeOut = 1 << 20,
                LabelOut = labels.Intern(Label.Parse("pii")) },
            new() { Id = new CallId(root.Value + (1 << 13)), Trace = root.Value, Parent = root, Site = site,
                Outcome = CallOutcome.Trapped },
        ];
        FlowRecord[] flows = [new() { Destination = root, Source = calls[1].Id, Label = calls[0].LabelOut, Into = FlowInto.Result }];

        Assert.Equal(new StoredBatch(2, 1, 0), await writer.WriteAsync(new RecordBatch(calls, flows)));
        Assert.Equal(new StoredBatch(0, 0, 3), await writer.WriteAsync(new RecordBatch(calls, flows)));

        await using NpgsqlCommand query = database.CreateCommand(
            "SELECT trace, started, duration, callee, outcome, size_out, t.name FROM call_view v JOIN label l ON l.id = v.label_out JOIN tag t ON t.id = ANY (l.tags)");
        await using NpgsqlDataReader row = await query.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        Assert.Equal(root.Value, row.GetInt64(0));
        Assert.Equal(root.Start.UtcDateTime, row.GetDateTime(1));
        Assert.Equal(1.5f, row.GetFloat(2));
        Assert.Equal("clinic/records", row.GetString(3));
        Assert.Equal(1 << 20, row.GetInt64(5));
        Assert.Equal("pii", row.GetString(6));
        Assert.False(await row.ReadAsync());
    }
}
