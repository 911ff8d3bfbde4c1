using Chain.Silo.Hosting.Local;
using Npgsql;

namespace Chain.Silo.Tests.Hosting;

/// <summary>The connections on which a node stores what it decides and records.</summary>
public sealed class SteadyConnectionTests
{
    [Fact]
    public void StatementsArePreparedAndConnectionsAreNotResetUnlessTheUserSaysOtherwise()
    {
        NpgsqlConnectionStringBuilder steady = Of("Host=x;Username=u"), users = Of("Host=x;no reset on close=false;Max Auto Prepare=0");
        Assert.Equal((true, 20, 2), (steady.NoResetOnClose, steady.MaxAutoPrepare, steady.AutoPrepareMinUsages));
        Assert.Equal((false, 0), (users.NoResetOnClose, users.MaxAutoPrepare));
    }

    private static NpgsqlConnectionStringBuilder Of(string connection)
    {
        using NpgsqlDataSource source = LocalNode.Steady(connection);
        return new NpgsqlConnectionStringBuilder(source.ConnectionString);
    }
}
