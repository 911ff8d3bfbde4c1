using System.Text.Json;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Chain.Silo.Applications.Storage;

/// <summary>One deployed version of an application.</summary>
/// <param name="Application">The application's name.</param>
/// <param name="Number">1 for the first one, and one more for each after it.</param>
/// <param name="Digest">The plan's digest.</param>
/// <param name="Deployed">When it was deployed.</param>
/// <param name="Author">By whom.</param>
/// <param name="IsActive">Whether it is the one that runs.</param>
public sealed record ApplicationVersion(string Application, int Number, string Digest, DateTimeOffset Deployed, string Author, bool IsActive);

/// <summary>Every version of every application that was ever deployed, in Postgres, with the bytes of their components. Safe for any thread.</summary>
/// <param name="database">The store, migrated.</param>
public sealed class ApplicationStore(NpgsqlDataSource database)
{
    /// <summary>Processes that host applications listen on this channel; the payload is the name of one whose active version changed.</summary>
    public const string Channel = "chain_application";

    private const string Versions = """
        SELECT a.name, v.number, v.digest, v.deployed, v.author, a.active IS NOT DISTINCT FROM v.number
        FROM application_version v JOIN application a ON a.id = v.application
        """;

    /// <summary>
    /// Stores a version, whole or not at all; which version is active does not change. Saving again what is the latest version already gives that one.
    /// </summary>
    /// <param name="plan">The application.</param>
    /// <param name="author">Who deploys it.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ApplicationVersion> SaveVersionAsync(ApplicationPlan plan, string author, DateTimeOffset now, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        // DO UPDATE locks the row, so that two who save at once get two numbers.
        int id = await ScalarAsync<int>(connection, """
            INSERT INTO application (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
            """, cancellation, plan.Name);
        int latest = await ScalarAsync<int>(connection, "SELECT coalesce(max(number), 0) FROM application_version WHERE application = $1", cancellation, id);
        bool isNew = await ScalarAsync<bool>(connection, """
            SELECT NOT EXISTS (SELECT FROM application_version WHERE application = $1 AND number = $2 AND digest = $3)
            """, cancellation, id, latest, plan.Digest);
        int number = latest;
        if (isNew)
        {
            number = latest + 1;
            await InsertAsync(connection, plan, id, number, author, now, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return await FindAsync(plan.Name, number, cancellation) ?? throw new StoreException($"version {number} of '{plan.Name}' is gone");
    }

    /// <summary>Makes a version the active one, tells whoever listens, and notes the labels of its components for policies over history.</summary>
    /// <exception cref="StoreException">There is no such version.</exception>
    public async Task<ApplicationVersion> ActivateAsync(
        string application, int number, string author, DateTimeOffset now, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ActivateAsync(connection, application, await LockAsync(connection, application, cancellation), number, author, now, cancellation);
        await transaction.CommitAsync(cancellation);
        return await FindAsync(application, number, cancellation) ?? throw Missing(application, number);
    }

    /// <summary>Makes the version active that was active last of those before the one that is now.</summary>
    /// <exception cref="StoreException">There is no such application, or nothing to go back to.</exception>
    public async Task<ApplicationVersion> RollbackAsync(string application, string author, DateTimeOffset now, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        int id = await LockAsync(connection, application, cancellation);
        int before = await BeforeAsync(connection, application, id, cancellation);
        await ActivateAsync(connection, application, id, before, author, now, cancellation);
        await transaction.CommitAsync(cancellation);
        return await FindAsync(application, before, cancellation) ?? throw Missing(application, before);
    }

    /// <summary>The version that <see cref="RollbackAsync"/> would make active.</summary>
    /// <exception cref="StoreException">There is no such application, or nothing to go back to.</exception>
    public async Task<int> PreviousAsync(string application, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        return await BeforeAsync(connection, application, await LockAsync(connection, application, cancellation), cancellation);
    }

    /// <summary>Makes no version of an application active, and tells whoever listens; its versions stay.</summary>
    /// <returns>False when none was.</returns>
    public async Task<bool> DeactivateAsync(string application, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        int changed = await RunAsync(connection, "UPDATE application SET active = NULL WHERE name = $1 AND active IS NOT NULL", cancellation, application);
        if (changed > 0) await RunAsync(connection, "SELECT pg_notify($1, $2)", cancellation, Channel, application);
        await transaction.CommitAsync(cancellation);
        return changed > 0;
    }

    /// <summary>The active version of each application that has one, by name.</summary>
    public Task<IReadOnlyList<ApplicationVersion>> ListAsync(CancellationToken cancellation = default) =>
        ReadVersionsAsync(Versions + " WHERE v.number = a.active ORDER BY a.name", cancellation);

    /// <summary>The active version of an application; <see langword="null"/> where none is.</summary>
    public async Task<ApplicationVersion?> ActiveAsync(string application, CancellationToken cancellation = default) =>
        (await ReadVersionsAsync(Versions + " WHERE a.name = $1 AND v.number = a.active", cancellation, application)).SingleOrDefault();

    /// <summary>Has the nodes of the store change what is active one after the other; dispose of it when that is done.</summary>
    /// <inheritdoc cref="DeploymentLock.TakeAsync(NpgsqlDataSource, bool, CancellationToken)"/>
    public Task<DeploymentLock> LockAsync(bool isShared, CancellationToken cancellation = default) => DeploymentLock.TakeAsync(database, isShared, cancellation);

    /// <inheritdoc cref="ApplicationNotices.ListenAsync"/>
    public Task ListenAsync(Func<IReadOnlyCollection<string>?, Task> changed, CancellationToken cancellation) =>
        new ApplicationNotices(database).ListenAsync(changed, cancellation);

    /// <summary>All versions of an application, the latest first; none where it is not known.</summary>
    public Task<IReadOnlyList<ApplicationVersion>> VersionsAsync(string application, CancellationToken cancellation = default) =>
        ReadVersionsAsync(Versions + " WHERE a.name = $1 ORDER BY v.number DESC", cancellation, application);

    /// <summary>Makes the plan of a version from the store alone.</summary>
    /// <exception cref="StoreException">There is no such version, or it gives another plan than it did: another version of Chain wrote it.</exception>
    /// <exception cref="ManifestException">It does not check any more.</exception>
    public async Task<ApplicationPlan> LoadAsync(string application, int number, CancellationToken cancellation = default)
    {
        (ApplicationBundle bundle, string digest) = await BundleAsync(application, number, cancellation);
        ApplicationPlan plan = ApplicationCheck.PlanOf(bundle);
        return plan.Digest == digest
            ? plan
            : throw new StoreException($"version {number} of '{application}' was {digest} when it was deployed and is {plan.Digest} now: deploy it again");
    }

    /// <summary>The policies of every application's active version, by application; other nodes of the same store may run them.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<PolicyFile>>> ActivePoliciesAsync(CancellationToken cancellation = default)
    {
        var found = new Dictionary<string, IReadOnlyList<PolicyFile>>();
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT a.name, v.policies FROM application a JOIN application_version v ON v.application = a.id AND v.number = a.active
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            string[] texts = reader.GetFieldValue<string[]>(1);
            found[reader.GetString(0)] = [.. texts.Chunk(2).Select(static file => new PolicyFile(file[0], file[1]))];
        }

        return found;
    }

    /// <summary>The unpacked bytes of a component that any version has; a <see cref="ComponentLookup"/>.</summary>
    public async Task<ReadOnlyMemory<byte>?> FindComponentAsync(string digest, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        byte[]? bytes = await ScalarAsync<byte[]?>(connection, "SELECT bytes FROM component_blob WHERE digest = $1", cancellation, digest);
        // A null array would become an empty memory.
        return bytes is null ? (ReadOnlyMemory<byte>?)null : new ReadOnlyMemory<byte>(bytes);
    }

    private static async Task InsertAsync(
        NpgsqlConnection connection, ApplicationPlan plan, int id, int number, string author, DateTimeOffset now, CancellationToken cancellation)
    {
        ApplicationBundle bundle = plan.Bundle;
        await RunAsync(connection, """
            INSERT INTO application_version (application, number, digest, deployed, author, folder, manifest, policies, alerts)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """, cancellation, id, number, plan.Digest, now.UtcDateTime, author, bundle.Folder, Texts([bundle.Manifest]), Texts(bundle.Policies),
            bundle.Alerts is null ? DBNull.Value : Texts([bundle.Alerts]));
        foreach (ComponentPlan component in plan.Components.Values)
        {
            await using (var blob = new NpgsqlCommand("INSERT INTO component_blob (digest, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING", connection))
            {
                blob.Parameters.AddWithValue(component.Digest);
                blob.Parameters.Add(new NpgsqlParameter { Value = component.Bytes, NpgsqlDbType = NpgsqlDbType.Bytea });
                await blob.ExecuteNonQueryAsync(cancellation);
            }

            await InsertPartyAsync(connection, id, number, component.Name, component.Digest, component.Party, cancellation);
        }

        foreach (SinkRule sink in plan.Sinks) await InsertPartyAsync(connection, id, number, sink.Name, DBNull.Value, sink.Party, cancellation);
    }

    private static Task InsertPartyAsync(
        NpgsqlConnection connection, int id, int number, string name, object digest, CallParty party, CancellationToken cancellation) => RunAsync(
        connection, "INSERT INTO application_party (application, number, name, digest, labels) VALUES ($1, $2, $3, $4, $5::jsonb)", cancellation,
        id, number, name, digest, JsonSerializer.Serialize(party.Labels));

    private static async Task ActivateAsync(
        NpgsqlConnection connection, string application, int id, int number, string author, DateTimeOffset now, CancellationToken cancellation)
    {
        int changed = await RunAsync(connection, """
            UPDATE application SET active = $2 WHERE id = $1 AND EXISTS (SELECT FROM application_version WHERE application = $1 AND number = $2)
            """, cancellation, id, number);
        if (changed == 0) throw Missing(application, number);
        await RunAsync(connection, "INSERT INTO application_activation (application, number, activated, author) VALUES ($1, $2, $3, $4)", cancellation,
            id, number, now.UtcDateTime, author);
        await RunAsync(connection, """
            INSERT INTO component (name, version, labels)
            SELECT $3 || '/' || name, coalesce(digest, ''), labels FROM application_party WHERE application = $1 AND number = $2
            ON CONFLICT (name, version) DO UPDATE SET labels = excluded.labels
            """, cancellation, id, number, application);
        await RunAsync(connection, "SELECT pg_notify($1, $2)", cancellation, Channel, application);
    }

    private static async Task<int> BeforeAsync(NpgsqlConnection connection, string application, int id, CancellationToken cancellation)
    {
        int active = await ScalarAsync<int?>(connection, "SELECT active FROM application WHERE id = $1", cancellation, id)
            ?? throw new StoreException($"no version of '{application}' is active");
        return await ScalarAsync<int?>(connection, """
            SELECT number FROM application_activation WHERE application = $1 AND number < $2 ORDER BY id DESC LIMIT 1
            """, cancellation, id, active)
            ?? throw new StoreException($"no version of '{application}' was active before version {active}: there is nothing to go back to");
    }

    private static async Task<int> LockAsync(NpgsqlConnection connection, string application, CancellationToken cancellation) =>
        await ScalarAsync<int?>(connection, "SELECT id FROM application WHERE name = $1 FOR UPDATE", cancellation, application)
            ?? throw new StoreException($"no application is called '{application}'");

    private async Task<(ApplicationBundle Bundle, string Digest)> BundleAsync(string application, int number, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        string digest, folder;
        string[] manifest, policies;
        string[]? alerts;
        await using (var command = new NpgsqlCommand("""
            SELECT v.digest, v.folder, v.manifest, v.policies, v.alerts
            FROM application_version v JOIN application a ON a.id = v.application WHERE a.name = $1 AND v.number = $2
            """, connection))
        {
            Add(command, application, number);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            if (!await reader.ReadAsync(cancellation)) throw Missing(application, number);
            (digest, folder) = (reader.GetString(0), reader.GetString(1));
            (manifest, policies) = (reader.GetFieldValue<string[]>(2), reader.GetFieldValue<string[]>(3));
            alerts = reader.IsDBNull(4) ? null : reader.GetFieldValue<string[]>(4);
        }

        // A version is never changed, so that what is read in two statements belongs together.
        var components = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand("""
            SELECT p.name, b.bytes FROM application_party p JOIN component_blob b ON b.digest = p.digest JOIN application a ON a.id = p.application
            WHERE a.name = $1 AND p.number = $2
            """, connection))
        {
            Add(command, application, number);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation)) components[reader.GetString(0)] = reader.GetFieldValue<byte[]>(1);
        }

        var bundle = new ApplicationBundle
        {
            Manifest = Files(manifest)[0],
            Folder = folder,
            Components = components,
            Policies = Files(policies),
            Alerts = alerts is null ? null : Files(alerts)[0],
        };
        return (bundle, digest);
    }

    private async Task<ApplicationVersion?> FindAsync(string application, int number, CancellationToken cancellation) =>
        (await ReadVersionsAsync(Versions + " WHERE a.name = $1 AND v.number = $2", cancellation, application, number)).SingleOrDefault();

    private async Task<IReadOnlyList<ApplicationVersion>> ReadVersionsAsync(string sql, CancellationToken cancellation, params object[] values)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        Add(command, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var versions = new List<ApplicationVersion>();
        while (await reader.ReadAsync(cancellation))
        {
            versions.Add(new ApplicationVersion(
                reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetFieldValue<DateTime>(3), reader.GetString(4), reader.GetBoolean(5)));
        }

        return versions;
    }

    private static string[] Texts(IReadOnlyList<PolicyFile> files) => [.. files.SelectMany(static file => new[] { file.Name, file.Text })];

    private static PolicyFile[] Files(string[] texts) => [.. texts.Chunk(2).Select(static pair => new PolicyFile(pair[0], pair[1]))];

    private static StoreException Missing(string application, int number) => new($"application '{application}' has no version {number}");

    private static async Task<int> RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command, values);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command, values);
        object? value = await command.ExecuteScalarAsync(cancellation);
        return value is null or DBNull ? default! : (T)value;
    }

    private static void Add(NpgsqlCommand command, params object[] values)
    {
        foreach (object value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
    }
}
