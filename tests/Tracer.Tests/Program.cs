using System.Globalization;
using Chain.Tracer.Storage;
using Chain.Tracer.Tests.Recording;
using Npgsql;

namespace Chain.Tracer.Tests;

/// <summary>
/// A program for tests to kill: it records calls and prints the id of each once that was acknowledged, or it owns a private Postgres and
/// prints
/// its process id.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is ["own", var own])
        {
            PrivatePostgres server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = own, SharedBuffers = "32MB" });
            Console.Out.WriteLine(server.ServerProcessId);
            await Task.Delay(Timeout.Infinite);
        }

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
