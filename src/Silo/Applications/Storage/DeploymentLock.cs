using Npgsql;

namespace Chain.Silo.Applications.Storage;

/// <summary>
/// Has the nodes of a store change what is active one after the other: each makes the set of all policies out of what the store says, and must not
/// miss what another just says. Held by a transaction of its own until it is disposed of, or the connection ends.
/// </summary>
public sealed class DeploymentLock : IAsyncDisposable
{
    // Long enough for another's deployment; and one that hangs should not keep all others waiting without a word.
    private const string Patience = "SET LOCAL lock_timeout = '60s'";

    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    private DeploymentLock(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        this.connection = connection;
        this.transaction = transaction;
    }

    /// <param name="database">The store.</param>
    /// <param name="isShared">For those who follow a change: any number of them, while nobody makes one.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DeploymentBusyException">Another node has it for a minute.</exception>
    internal static async Task<DeploymentLock> TakeAsync(NpgsqlDataSource database, bool isShared, CancellationToken cancellation)
    {
        NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        NpgsqlTransaction? transaction = null;
        try
        {
            transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(
                $"{Patience}; SELECT pg_advisory_xact_lock{(isShared ? "_shared" : "")}(7723519, 5)", connection, transaction) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            return new DeploymentLock(connection, transaction);
        }
        catch (Exception failure)
        {
            if (transaction is not null) await transaction.DisposeAsync().ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
            if (failure is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
                throw new DeploymentBusyException(failure);
            throw;
        }
    }

    /// <summary>Lets others go on.</summary>
    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>Another node of the store keeps all others from deploying.</summary>
public sealed class DeploymentBusyException(Exception inner) : Exception("another node of this store has been deploying for a minute; try again", inner);
