using Chain.Tests;
using Chain.Tracer.Lineage;
using Npgsql;

namespace Chain.Tracer.Tests.Lineage;

internal static class LineageStores
{
    /// <summary>A reader of a test's database.</summary>
    public static async Task<StoreReader> OpenAsync(NpgsqlDataSource database, LineageLimits? limits = null)
    {
        string name;
        await using (NpgsqlConnection connection = await database.OpenConnectionAsync()) name = connection.Database;
        return new StoreReader(new NpgsqlConnectionStringBuilder(await TestPostgres.ConnectionStringAsync()) { Database = name }.ConnectionString, limits);
    }
}
