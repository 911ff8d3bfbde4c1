using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests.Lineage;

/// <summary>300 random records, some of them across midnight, in one store, each compared with <see cref="LineageModel"/>.</summary>
public sealed class RandomLineageTests
{
    private const int Records = 300;

    private static readonly Tag?[] TagsAsked = [null, Tag.Parse("pii"), Tag.Parse("user"), Tag.Parse("user=bob"), Tag.Parse("+checked")];

    [PostgresFact]
    public async Task AncestorsDescendantsPathsAndSourcesAreThoseOfThePlainModel()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var (labels, names) = (new LabelStore(), new CallNames());
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "here", 512);
        var writer = new StoreWriter(database, new ProcessNames(labels, names), node.Id);
        List<RandomRecord> records = Make(labels, names);
        await writer.WriteAsync(new RecordBatch(records.SelectMany(r => r.Calls).ToArray(), records.SelectMany(r => r.Flows).ToArray()));
        await CompareAsync(database, records, labels);

        // Bundled traces are read in another way.
        await BundleAsync(database);
        Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM loose"));
        Assert.Equal((long)records.Sum(r => r.Calls.Count(call => call.Trace > 0)), await ScalarAsync(database, "SELECT sum(calls) FROM bundle"));
        await CompareAsync(database, records, labels);
    }

    [PostgresFact]
    public async Task WhatIsAddedToABundledTraceIsFoundBeforeAndAfterItIsBundledAnew()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var (labels, names) = (new LabelStore(), new CallNames());
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "here", 512);
        var writer = new StoreWriter(database, new ProcessNames(labels, names), node.Id);
        List<RandomRecord> records = Make(labels, names);
        var random = new Random(1);
        CallRecord[] calls = [.. records.SelectMany(r => r.Calls)];
        FlowRecord[] flows = [.. records.SelectMany(r => r.Flows)];
        random.Shuffle(calls);
        random.Shuffle(flows);
        for (int round = 0; round < 3; round++)
        {
            // The last rounds are of few calls each, so that most bundles hold and some do not.
            (int from, int to) = (Cut(calls.Length, round), Cut(calls.Length, round + 1));
            (int fromFlow, int toFlow) = (Cut(flows.Length, round), Cut(flows.Length, round + 1));
            await writer.WriteAsync(new RecordBatch(calls.AsMemory(from..to), flows.AsMemory(fromFlow..toFlow)));
            if (round < 2) await BundleAsync(database);
        }

        Assert.NotEqual(0L, await ScalarAsync(database, "SELECT count(*) FROM loose"));
        await CompareAsync(database, records, labels);
        await BundleAsync(database);
        Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM loose"));
        await CompareAsync(database, records, labels);

        static int Cut(int length, int round) => round == 0 ? 0 : length * (round + 7) / 10;
    }

    private static Task BundleAsync(NpgsqlDataSource database) =>
        new StoreUpkeep(database, new UpkeepOptions { Retention = null, BundleAfter = TimeSpan.Zero }).RunAsync();

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private static async Task CompareAsync(NpgsqlDataSource database, List<RandomRecord> records, LabelStore labels)
    {
        await using StoreReader reader = await LineageStores.OpenAsync(database);
        var query = new LineageQuery(reader);
        int reached = 0, paths = 0, whys = 0;
        for (int seed = 0; seed < Records; seed++)
        {
            RandomRecord record = records[seed];
            foreach (Tag? tag in TagsAsked)
            {
                var model = new LineageModel(record, labels, tag);
                if (!record.Any(out CallRecord from) || !record.Any(out CallRecord to)) continue;
                reached += await CompareReachAsync(query, model, from.Id, record.Next(3), (LineageDirection)record.Next(2), tag, seed);
                paths += await ComparePathAsync(query, model, from.Id, to.Id, tag, seed);
                if (tag is not null) whys += await CompareWhyAsync(query, model, to.Id, tag.Value, seed);
            }
        }

        // Enough of each kind that the comparison means something.
        Assert.True(reached > 2_500 && paths > 120 && whys > 250, $"{reached} values, {paths} paths, {whys} explanations");
    }

    private static List<RandomRecord> Make(LabelStore labels, CallNames names)
    {
        var records = new List<RandomRecord>();
        long hour = 3_600_000_000;
        for (int seed = 0; seed < Records; seed++)
        {
            // The even ones minutes apart; the odd ones a few microseconds before one of four midnights, told apart by their lanes.
            bool atMidnight = seed % 2 == 1;
            long start = atMidnight ? (24 * (500 + (seed % 8 / 2)) * hour) - 15 : (24 * 500 * hour) + (seed * hour / 4);
            records.Add(new RandomRecord(seed, start, atMidnight ? seed / 8 * 128 : 0, labels, names));
        }

        return records;
    }

    private static async Task<int> CompareReachAsync(LineageQuery query, LineageModel model, CallId call, int side, LineageDirection direction, Tag? tag, int seed)
    {
        ValueSide? asked = side == 2 ? null : (ValueSide)side;
        LineageResult found = await query.ReachAsync(call, asked, direction, tag);
        Dictionary<CallValue, int> expected = model.Distances(Values(call, asked), direction);

        var values = new HashSet<CallValue>();
        foreach (ReachedCall reached in found.Calls)
        {
            if (reached.In) values.Add(new CallValue(reached.Id, ValueSide.In));
            if (reached.Out) values.Add(new CallValue(reached.Id, ValueSide.Out));
        }

        string what = $"seed {seed}, {direction} of {call} side {side}, tag {tag}";
        string[] known = [.. expected.Keys.Where(value => value.Call != call && !found.Missing.Contains(value.Call)).Select(value => value.ToString()).Order()];
        Assert.True(known.SequenceEqual(values.Select(value => value.ToString()).Order()), $"{what}: expected {string.Join(' ', known)}, found {string.Join(' ', values)}");
        Assert.All(found.Missing, missing => Assert.Contains(expected.Keys, value => value.Call == missing));
        foreach (LineageEdge edge in found.Edges()) Assert.True(model.Edges.Contains((edge.From, edge.To)), $"{what}: {edge} is not in the model");
        return values.Count;
    }

    private static async Task<int> ComparePathAsync(LineageQuery query, LineageModel model, CallId from, CallId to, Tag? tag, int seed)
    {
        LineagePath? path = await query.PathAsync(from, ValueSide.In, to, ValueSide.Out, tag);
        bool exists = model.Distances([new(from, ValueSide.In)], LineageDirection.Descendants).TryGetValue(new(to, ValueSide.Out), out int distance);
        Assert.True(exists == path is not null, $"seed {seed}: a path from {from} to {to}, tag {tag}");
        if (path is null) return 0;
        Assert.True(distance == path.Edges.Count, $"seed {seed}: {from} to {to}, tag {tag}: {distance} steps, found {string.Join(' ', path.Values)}");
        RequireEdges(model, path, tag);
        return 1;
    }

    private static async Task<int> CompareWhyAsync(LineageQuery query, LineageModel model, CallId at, Tag tag, int seed)
    {
        LineagePath? path = await query.WhyAsync(tag, at);
        CallValue? sink = Values(at, null).Cast<CallValue?>().FirstOrDefault(value => model.Carries(value!.Value));
        Assert.Equal(sink is null, path is null);
        if (path is null) return 0;
        Assert.Equal(sink, path.Values[^1]);
        Dictionary<CallValue, int> distances = model.Distances([sink!.Value], LineageDirection.Ancestors);
        List<CallValue> sources = [.. distances.Keys.Where(value => !model.Edges.Any(edge => edge.To == value))];
        if (sources.Count > 0) Assert.True(path.Edges.Count == sources.Min(source => distances[source]), $"seed {seed}: why {tag} at {at}");
        if (sources.Count > 0) Assert.Contains(path.Values[0], sources);
        RequireEdges(model, path, tag);
        return 1;
    }

    private static void RequireEdges(LineageModel model, LineagePath path, Tag? tag)
    {
        for (int i = 0; i < path.Edges.Count; i++)
        {
            Assert.Contains((path.Values[i], path.Values[i + 1]), model.Edges);
            Assert.Equal((path.Values[i], path.Values[i + 1]), (path.Edges[i].From, path.Edges[i].To));
            if (tag is { } asked) Assert.Contains(path.Edges[i].Label.Tags, found => found.Covers(asked) || found.Name == asked.Name);
        }
    }

    private static CallValue[] Values(CallId call, ValueSide? side) => side is { } one ? [new(call, one)] : [new(call, ValueSide.In), new(call, ValueSide.Out)];
}
