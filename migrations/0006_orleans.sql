-- What silos of a cluster share by Orleans' ADO.NET providers: who is in the cluster, what grains keep, and their reminders. docs/cluster.md, "The store".
--
-- The providers know no table but orleansquery: each reads the texts of its operations there once, when its silo starts, and runs them. They find it by
-- the search path of their connections; everything else is named with its schema. Names of operations, parameters and result columns are theirs, the
-- tables are Chain's. A parameter that is NULL comes without a type: those are cast.

CREATE SCHEMA orleans;

CREATE TABLE orleans.orleansquery (
    querykey  text PRIMARY KEY,
    querytext text NOT NULL
);


-- Who is in the cluster.

-- Every change of a cluster's members counts its version up, and is made only by who has seen the version before: this row is what they race for.
CREATE TABLE orleans.cluster (
    id      text PRIMARY KEY,
    version int NOT NULL DEFAULT 0
);

-- Those that were silos stay a while, so that others can tell a dead silo from one they have not heard of.
CREATE TABLE orleans.silo (
    cluster    text NOT NULL REFERENCES orleans.cluster ON DELETE CASCADE,
    address    text NOT NULL,
    port       int NOT NULL,
    generation int NOT NULL,         -- tells a silo from the one before it at the same port
    name       text NOT NULL,
    host       text NOT NULL,
    status     int NOT NULL,         -- 1 created, 2 joining, 3 active, 4 shutting down, 5 stopping, 6 dead
    gateway    int NOT NULL,         -- port for clients; 0: none
    suspected  text,                 -- who held it for dead, and when
    started    timestamptz NOT NULL,
    alive      timestamptz NOT NULL, -- written every few seconds: the row is small, and has room on its page for the next version of itself
    PRIMARY KEY (cluster, address, port, generation)
) WITH (fillfactor = 50);

INSERT INTO orleans.orleansquery (querykey, querytext) VALUES
('InsertMembershipVersionKey', $sql$
    WITH made AS (
        INSERT INTO orleans.cluster (id) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT count(*)::int FROM made
$sql$),

-- Both rows or none. Whoever comes second waits for the row of the version, sees that it has changed, and does nothing.
('InsertMembershipKey', $sql$
    WITH seen AS (
        UPDATE orleans.cluster SET version = version + 1
        WHERE id = @DeploymentId AND version = @Version AND NOT EXISTS (
            SELECT FROM orleans.silo
            WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING id
    ), made AS (
        INSERT INTO orleans.silo (cluster, address, port, generation, name, host, status, gateway, started, alive)
        SELECT id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM seen
        RETURNING cluster
    )
    SELECT count(*)::int FROM made
$sql$),

('UpdateMembershipKey', $sql$
    WITH seen AS (
        UPDATE orleans.cluster SET version = version + 1
        WHERE id = @DeploymentId AND version = @Version AND EXISTS (
            SELECT FROM orleans.silo
            WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING id
    ), changed AS (
        UPDATE orleans.silo SET status = @Status, suspected = @SuspectTimes::text, alive = @IAmAliveTime
        FROM seen
        WHERE cluster = seen.id AND address = @Address AND port = @Port AND generation = @Generation
        RETURNING cluster
    )
    SELECT count(*)::int FROM changed
$sql$),

-- Silos say it so often that it must not make others read the members anew: the version stays.
('UpdateIAmAlivetimeKey', $sql$
    UPDATE orleans.silo SET alive = @IAmAliveTime
    WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$sql$),

-- Always a row, for the version; started is NULL where there is no such member.
('MembershipReadRowKey', $sql$
    SELECT s.address AS Address, s.port AS Port, s.generation AS Generation, s.name AS SiloName, s.host AS HostName, s.status AS Status,
           s.gateway AS ProxyPort, s.suspected AS SuspectTimes, s.started AS StartTime, s.alive AS IAmAliveTime, c.version AS Version
    FROM orleans.cluster c
    LEFT JOIN orleans.silo s ON s.cluster = c.id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
    WHERE c.id = @DeploymentId
$sql$),

('MembershipReadAllKey', $sql$
    SELECT s.address AS Address, s.port AS Port, s.generation AS Generation, s.name AS SiloName, s.host AS HostName, s.status AS Status,
           s.gateway AS ProxyPort, s.suspected AS SuspectTimes, s.started AS StartTime, s.alive AS IAmAliveTime, c.version AS Version
    FROM orleans.cluster c
    LEFT JOIN orleans.silo s ON s.cluster = c.id
    WHERE c.id = @DeploymentId
$sql$),

('DeleteMembershipTableEntriesKey', $sql$
    DELETE FROM orleans.cluster WHERE id = @DeploymentId
$sql$),

('GatewaysQueryKey', $sql$
    SELECT address AS Address, gateway AS ProxyPort, generation AS Generation
    FROM orleans.silo
    WHERE cluster = @DeploymentId AND status = @Status AND gateway > 0
$sql$),

-- Never one that is active, however long it was silent: that is for the others to find out.
('CleanupDefunctSiloEntriesKey', $sql$
    DELETE FROM orleans.silo WHERE cluster = @DeploymentId AND alive < @IAmAliveTime AND status <> 3
$sql$);


-- What grains keep.

-- Keys hold what callers say, of any length, and an index takes no more than a third of a page.
CREATE FUNCTION orleans.digest(key text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN sha256(convert_to(key, 'UTF8'));

CREATE TABLE orleans.state (
    service   text NOT NULL,
    type_hash int NOT NULL,
    type      text NOT NULL,
    key_hash  int NOT NULL,
    n0        bigint NOT NULL,  -- a key that is a number or a GUID, in two halves
    n1        bigint NOT NULL,
    extension text,             -- a key that is text
    version   int NOT NULL,
    payload   bytea,            -- NULL: cleared
    changed   timestamptz NOT NULL DEFAULT now()
);

-- Two first writes at a time must not both succeed, also where the key has no text.
CREATE UNIQUE INDEX state_once ON orleans.state (key_hash, type_hash, n0, n1, orleans.digest(extension), type, service) NULLS NOT DISTINCT;

INSERT INTO orleans.orleansquery (querykey, querytext) VALUES
-- Without a version it is the first write; with one, that is the version which the writer has read. A version that stays tells of a conflict.
('WriteToStorageKey', $sql$
    WITH changed AS (
        UPDATE orleans.state SET payload = @PayloadBinary::bytea, version = version + 1, changed = now()
        WHERE key_hash = @GrainIdHash AND type_hash = @GrainTypeHash AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
          AND orleans.digest(extension) IS NOT DISTINCT FROM orleans.digest(@GrainIdExtensionString::text)
          AND type = @GrainTypeString AND service = @ServiceId AND version = @GrainStateVersion::int
        RETURNING version
    ), made AS (
        INSERT INTO orleans.state (service, type_hash, type, key_hash, n0, n1, extension, version, payload)
        SELECT @ServiceId, @GrainTypeHash, @GrainTypeString, @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString::text, 1, @PayloadBinary::bytea
        WHERE @GrainStateVersion::int IS NULL
        ON CONFLICT DO NOTHING
        RETURNING version
    )
    SELECT coalesce((SELECT version FROM changed), (SELECT version FROM made), @GrainStateVersion::int) AS NewGrainStateVersion
$sql$),

('ReadFromStorageKey', $sql$
    SELECT payload AS PayloadBinary, version AS Version
    FROM orleans.state
    WHERE key_hash = @GrainIdHash AND type_hash = @GrainTypeHash AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
      AND orleans.digest(extension) IS NOT DISTINCT FROM orleans.digest(@GrainIdExtensionString::text)
      AND type = @GrainTypeString AND service = @ServiceId
$sql$),

-- The row stays, with its version: a writer that has read an older one must fail still.
('ClearStorageKey', $sql$
    UPDATE orleans.state SET payload = NULL, version = version + 1, changed = now()
    WHERE key_hash = @GrainIdHash AND type_hash = @GrainTypeHash AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
      AND orleans.digest(extension) IS NOT DISTINCT FROM orleans.digest(@GrainIdExtensionString::text)
      AND type = @GrainTypeString AND service = @ServiceId AND version = @GrainStateVersion::int
    RETURNING version AS NewGrainStateVersion
$sql$),

('DeleteStorageKey', $sql$
    DELETE FROM orleans.state
    WHERE key_hash = @GrainIdHash AND type_hash = @GrainTypeHash AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
      AND orleans.digest(extension) IS NOT DISTINCT FROM orleans.digest(@GrainIdExtensionString::text)
      AND type = @GrainTypeString AND service = @ServiceId AND version = @GrainStateVersion::int
    RETURNING version + 1 AS NewGrainStateVersion
$sql$);


-- Reminders: when which grain is to be called.

CREATE TABLE orleans.reminder (
    service  text NOT NULL,
    grain    text NOT NULL,
    name     text NOT NULL,
    started  timestamptz NOT NULL,
    period   bigint NOT NULL,      -- milliseconds
    hash     int NOT NULL,         -- of the grain: silos divide reminders by it
    version  int NOT NULL DEFAULT 0,
    PRIMARY KEY (service, grain, name)
);
CREATE INDEX reminder_share ON orleans.reminder (service, hash);

INSERT INTO orleans.orleansquery (querykey, querytext) VALUES
('UpsertReminderRowKey', $sql$
    INSERT INTO orleans.reminder AS r (service, grain, name, started, period, hash)
    VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash)
    ON CONFLICT (service, grain, name) DO UPDATE
        SET started = excluded.started, period = excluded.period, hash = excluded.hash, version = r.version + 1
    RETURNING version AS Version
$sql$),

('ReadReminderRowKey', $sql$
    SELECT grain AS GrainId, name AS ReminderName, started AS StartTime, period AS Period, version AS Version
    FROM orleans.reminder
    WHERE service = @ServiceId AND grain = @GrainId AND name = @ReminderName
$sql$),

('ReadReminderRowsKey', $sql$
    SELECT grain AS GrainId, name AS ReminderName, started AS StartTime, period AS Period, version AS Version
    FROM orleans.reminder
    WHERE service = @ServiceId AND grain = @GrainId
$sql$),

-- A silo's share of the ring: from after one hash up to another, and the second text where it goes over the end.
('ReadRangeRows1Key', $sql$
    SELECT grain AS GrainId, name AS ReminderName, started AS StartTime, period AS Period, version AS Version
    FROM orleans.reminder
    WHERE service = @ServiceId AND hash > @BeginHash AND hash <= @EndHash
$sql$),

('ReadRangeRows2Key', $sql$
    SELECT grain AS GrainId, name AS ReminderName, started AS StartTime, period AS Period, version AS Version
    FROM orleans.reminder
    WHERE service = @ServiceId AND (hash > @BeginHash OR hash <= @EndHash)
$sql$),

('DeleteReminderRowKey', $sql$
    WITH gone AS (
        DELETE FROM orleans.reminder
        WHERE service = @ServiceId AND grain = @GrainId AND name = @ReminderName AND version = @Version::int
        RETURNING version
    )
    SELECT count(*)::int FROM gone
$sql$),

('DeleteReminderRowsKey', $sql$
    DELETE FROM orleans.reminder WHERE service = @ServiceId
$sql$);
