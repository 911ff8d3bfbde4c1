using System.Net;
using Chain.Tests;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Chain.Silo.Tests.Hosting.Cluster;

/// <summary>What <c>migrations/0006_orleans.sql</c> promises Orleans' providers.</summary>
public sealed class OrleansTablesTests
{
    private static readonly DateTime Now = new(2026, 11, 22, 16, 0, 0, DateTimeKind.Utc);

    [ClusterFact]
    public async Task OfSilosThatJoinAtATimeOneIsFirst()
    {
        OrleansTables[] silos = await OrleansTables.OpenAsync("a", "a", "a", "a");
        await using var disposing = new Disposing(silos);
        TableVersion seen = (await silos[0].Members.ReadAllAsync(default)).Version;

        bool[] joined = await Task.WhenAll(silos.Select((silo, i) => silo.Members.InsertRowAsync(Member(i + 1), seen.Next(), default)));

        Assert.Single(joined, static one => one);
        MembershipTableData after = await silos[0].Members.ReadAllAsync(default);
        Assert.Equal(seen.Version + 1, after.Version.Version);
        Assert.Equal(1 + Array.IndexOf(joined, true), Assert.Single(after.Members).Item1.SiloAddress.Endpoint.Port);
    }

    [ClusterFact]
    public async Task AMemberComesBackAsItWasWritten()
    {
        OrleansTables[] silos = await OrleansTables.OpenAsync("a", "b");
        await using var disposing = new Disposing(silos);
        IMembershipTable table = silos[0].Members;
        MembershipEntry entry = Member(7);
        Assert.True(await table.InsertRowAsync(entry, (await table.ReadAllAsync(default)).Version.Next(), default));
        Assert.False(await table.InsertRowAsync(entry, (await table.ReadAllAsync(default)).Version.Next(), default));

        entry.AddSuspector(Member(8).SiloAddress, Now);
        entry.Status = SiloStatus.ShuttingDown;
        MembershipTableData one = await table.ReadRowAsync(entry.SiloAddress, default);
        Assert.True(await table.UpdateRowAsync(entry, one.Members[0].Item2, one.Version.Next(), default));
        Assert.False(await table.UpdateRowAsync(entry, one.Members[0].Item2, one.Version.Next(), default));
        entry.IAmAliveTime = Now.AddSeconds(5);
        await table.UpdateIAmAliveAsync(entry, default);

        MembershipTableData read = await table.ReadRowAsync(entry.SiloAddress, default);
        Assert.Equal(one.Version.Version + 1, read.Version.Version);
        MembershipEntry found = Assert.Single(read.Members).Item1;
        Assert.Equal(
            (entry.SiloAddress, "silo 7", "host", SiloStatus.ShuttingDown, 30_007, Now, Now.AddSeconds(5)),
            (found.SiloAddress, found.SiloName, found.HostName, found.Status, found.ProxyPort, found.StartTime, found.IAmAliveTime));
        Assert.Equal([(Member(8).SiloAddress, Now)], found.SuspectTimes!.Select(static one => (one.Item1, one.Item2)));
        Assert.Empty((await table.ReadRowAsync(Member(9).SiloAddress, default)).Members);
        Assert.Empty((await silos[1].Members.ReadAllAsync(default)).Members);
    }

    [ClusterFact]
    public async Task OfOldMembersThoseThatAreActiveStay()
    {
        OrleansTables[] silos = await OrleansTables.OpenAsync("a");
        await using var disposing = new Disposing(silos);
        IMembershipTable table = silos[0].Members;
        foreach (MembershipEntry entry in (MembershipEntry[])[Member(1, SiloStatus.Active), Member(2, SiloStatus.Dead)])
            Assert.True(await table.InsertRowAsync(entry, (await table.ReadAllAsync(default)).Version.Next(), default));

        await table.CleanupDefunctSiloEntriesAsync(Now.AddDays(-1), default);
        Assert.Equal(2, (await table.ReadAllAsync(default)).Members.Count);
        await table.CleanupDefunctSiloEntriesAsync(Now.AddDays(1), default);

        Assert.Equal("silo 1", Assert.Single((await table.ReadAllAsync(default)).Members).Item1.SiloName);
    }

    [ClusterFact]
    public async Task StateComesBackAndAWriterThatReadAnOlderOneFails()
    {
        OrleansTables[] silos = await OrleansTables.OpenAsync("a", "a", "b");
        await using var disposing = new Disposing(silos);
        GrainId grain = GrainId.Create("thing", "clinic/records/" + new string('k', 5_000));
        GrainState<List<string>> first = new(["1"]), second = new([]), elsewhere = new([]);
        await silos[0].Storage.ReadStateAsync("s", grain, first, default);
        first.State = ["1"];
        await silos[0].Storage.WriteStateAsync("s", grain, first, default);
        await silos[1].Storage.ReadStateAsync("s", grain, second, default);
        Assert.Equal(["1"], second.State);
        second.State = ["2"];
        await silos[1].Storage.WriteStateAsync("s", grain, second, default);

        first.State = ["3"];
        await Assert.ThrowsAsync<InconsistentStateException>(() => silos[0].Storage.WriteStateAsync("s", grain, first, default));
        await Assert.ThrowsAsync<InconsistentStateException>(() => silos[0].Storage.ClearStateAsync("s", grain, first, default));

        await silos[0].Storage.ReadStateAsync("s", grain, first, default);
        Assert.Equal(["2"], first.State);
        await silos[2].Storage.ReadStateAsync("s", grain, elsewhere, default);
        Assert.False(elsewhere.RecordExists);
        await silos[0].Storage.ClearStateAsync("s", grain, first, default);
        await silos[1].Storage.ReadStateAsync("s", grain, second, default);
        Assert.False(second.RecordExists);
        second.State = ["4"];
        await silos[1].Storage.WriteStateAsync("s", grain, second, default);
        await silos[0].Storage.ReadStateAsync("s", grain, first, default);
        Assert.Equal(["4"], first.State);
    }

    // A key that is a number has no text in the table, and two rows of it would not be the same to an ordinary unique index.
    [ClusterTheory, InlineData("store"), InlineData("00000000000000000000000000000005")]
    public async Task OfFirstWritesAtATimeOneSucceeds(string key)
    {
        OrleansTables[] silos = await OrleansTables.OpenAsync("a", "a", "a", "a");
        await using var disposing = new Disposing(silos);

        string?[] failed = await Task.WhenAll(silos.Select(async (silo, i) =>
        {
            try
            {
                await silo.Storage.WriteStateAsync("s", GrainId.Create("thing", key), new GrainState<List<string>>([$"{i}"]), default);
                return null;
            }
            catch (InconsistentStateException conflict)
            {
                return conflict.Message;
            }
        }));

        Assert.Single(failed, static one => one is null);
        GrainState<List<string>> read = new([]);
        await silos[0].Storage.ReadStateAsync("s", GrainId.Create("thing", key), read, default);
        Assert.Equal([$"{Array.IndexOf(failed, null)}"], read.State);
    }

    [ClusterFact]
    public async Task RemindersAreFoundByGrainAndByTheirShareOfTheRing()
    {
        OrleansTables[] silos = await OrleansTables.OpenAsync("a", "b");
        await using var disposing = new Disposing(silos);
        IReminderTable table = silos[0].Reminders;
        GrainId[] grains = [.. Enumerable.Range(0, 20).Select(static i => GrainId.Create("thing", $"key {i}"))];
        foreach (GrainId grain in grains) await table.UpsertRow(Reminder(grain));

        string? first = (await table.ReadRow(grains[0], "round"))?.ETag;
        string? second = await table.UpsertRow(Reminder(grains[0]));
        ReminderEntry? found = await table.ReadRow(grains[0], "round");
        Assert.NotEqual(first, second);
        Assert.Equal((second, Now, TimeSpan.FromDays(40)), (found?.ETag, found!.StartAt, found.Period));
        Assert.Single((await table.ReadRows(grains[0])).Reminders);
        Assert.Empty((await silos[1].Reminders.ReadRows(0, 0)).Reminders);

        uint[] hashes = [.. grains.Select(static one => one.GetUniformHashCode()).Order()];
        Assert.Equal(20, (await table.ReadRows(0, 0)).Reminders.Count);
        foreach ((uint begin, uint end) in ((uint, uint)[])[(hashes[4], hashes[14]), (hashes[14], hashes[4]), (0, hashes[9]), (hashes[9], uint.MaxValue)])
        {
            int expected = grains.Count(one => InRange(one.GetUniformHashCode(), begin, end));
            Assert.Equal(expected, (await table.ReadRows(begin, end)).Reminders.Count);
        }

        Assert.False(await table.RemoveRow(grains[0], "round", first!));
        Assert.True(await table.RemoveRow(grains[0], "round", second!));
        Assert.Null(await table.ReadRow(grains[0], "round"));
        Assert.Equal(19, (await table.ReadRows(0, 0)).Reminders.Count);
        await table.TestOnlyClearTable();
        Assert.Empty((await table.ReadRows(0, 0)).Reminders);
    }

    private static bool InRange(uint hash, uint begin, uint end) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;

    private static MembershipEntry Member(int port, SiloStatus status = SiloStatus.Joining) => new()
    {
        SiloAddress = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), 1),
        SiloName = $"silo {port}",
        HostName = "host",
        Status = status,
        ProxyPort = 30_000 + port,
        StartTime = Now,
        IAmAliveTime = Now,
        SuspectTimes = [],
    };

    private static ReminderEntry Reminder(GrainId grain) => new() { GrainId = grain, ReminderName = "round", StartAt = Now, Period = TimeSpan.FromDays(40) };

    private sealed class Disposing(OrleansTables[] all) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (OrleansTables one in all) await one.DisposeAsync();
        }
    }
}
