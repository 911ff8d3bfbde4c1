using Npgsql;

namespace Chain.Silo.Applications.Storage;

/// <summary>Tells of applications whose active version changed in the store, by a connection of its own.</summary>
/// <param name="database">The store.</param>
internal sealed class ApplicationNotices(NpgsqlDataSource database)
{
    // A connection that broke without a word is noticed by then, and what was missed is seen.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>Listens until it is cancelled.</summary>
    /// <param name="changed">Told of names; of <see langword="null"/> where any may have changed: at the beginning, and now and then.</param>
    /// <param name="cancellation">Stops listening.</param>
    /// <exception cref="NpgsqlException">The connection was lost; listen again.</exception>
    public async Task ListenAsync(Func<IReadOnlyCollection<string>?, Task> changed, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        // Notices come while this waits for the server, and at no other time.
        var names = new HashSet<string>(StringComparer.Ordinal);
        connection.Notification += (_, notice) => names.Add(notice.Payload);
        // Listening begins before the first look, so that no change falls between the two.
        await RunAsync(connection, $"LISTEN {ApplicationStore.Channel}", cancellation).ConfigureAwait(false);
        await changed(null).ConfigureAwait(false);
        while (true)
        {
            bool isTold = await connection.WaitAsync(Silence, cancellation).ConfigureAwait(false);
            if (!isTold) await RunAsync(connection, "SELECT 1", cancellation).ConfigureAwait(false);
            string[]? told = isTold ? [.. names] : null;
            names.Clear();
            await changed(told).ConfigureAwait(false);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
