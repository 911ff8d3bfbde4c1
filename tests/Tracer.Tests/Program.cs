using System.Globalization;
using Chain.Tracer.Tests.Recording;
using Npgsql;

namespace Chain.Tracer.Tests;

/// <summary>A program that records calls until it is killed, and prints the id of each once it was acknowledged. Tests start and kill it.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["record", var connection, var folder]) return 2;
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(connection);
        await using Workload work = await Workload.OpenAsync(database, folder: folder);
        while (true)
        {
            var ids = new List<long>();
            work.Run(100, ids);
            await work.Recorder.FlushAsync();
            Console.Out.WriteLine(string.Join('\n', ids.Select(id => id.ToString(CultureInfo.InvariantCulture))));
        }
    }
}
