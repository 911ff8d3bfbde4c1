-- Traces in one piece each, for lineage to read: docs/store.md, "Bundles".

-- The calls of a native trace and the flows into them in one row (several when there are many calls), made from call and flow some time after the
-- trace. Everything here is in those two as well. data: see BundleEncoder.
CREATE TABLE bundle (
    trace   bigint NOT NULL,   -- its key: the root's id, which also says the partition
    last    bigint NOT NULL,   -- the largest id in this row
    calls   int NOT NULL,      -- how many are in this row
    part    smallint NOT NULL, -- 0, 1, …: which of the trace's rows; ids ascend from row to row
    data    bytea NOT NULL,
    sources bigint[]           -- keys of other native traces from which a flow comes
) PARTITION BY RANGE (trace);

-- What bundles lack. A writer adds a row in the transaction that adds calls or flows; who makes a bundle takes away those that its snapshot shows. So a
-- trace without a row here is in its bundle as it is in call and flow.
CREATE TABLE loose (
    slice int NOT NULL,        -- minutes since 2025-01-01
    call  bigint,              -- NULL: any trace that began in this minute; else the trace with this key or with this call
    at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX loose_slice ON loose (slice);

-- Minutes with a call whose trace's key is of another day, or a second later than the call: a trace passed midnight, a clock was wrong, or somebody made
-- the key up. A search by time that relies on keys would miss such calls.
CREATE TABLE stray (
    slice int PRIMARY KEY
);

-- The minute of a call's start.
CREATE FUNCTION call_slice(id bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ((id >> 13) / 60000000)::int $$;

CREATE FUNCTION make_bundle_partition(of_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    suffix text := to_char(of_day, 'YYYYMMDD');
BEGIN
    EXECUTE format('CREATE TABLE bundle_%s (LIKE bundle) WITH (toast_tuple_target = 8160)', suffix);
    -- Compression would cost more time than the bytes that it saves: they are packed already.
    EXECUTE format('ALTER TABLE bundle_%s ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN sources SET STORAGE EXTERNAL', suffix);
    EXECUTE format('CREATE UNIQUE INDEX bundle_%1$s_trace ON bundle_%1$s (trace, part) WITH (fillfactor = 100)', suffix);
    -- A search by time looks at the traces that began then, and at these: older ones that lasted more than a minute.
    EXECUTE format('CREATE INDEX bundle_%1$s_long ON bundle_%1$s (last) WHERE last - trace > 491520000000', suffix);
    EXECUTE format('ALTER TABLE bundle ATTACH PARTITION bundle_%s FOR VALUES FROM (%s) TO (%s)', suffix,
        call_id_at(of_day::timestamp AT TIME ZONE 'UTC'), call_id_at((of_day + 1)::timestamp AT TIME ZONE 'UTC'));
END $$;

-- As in 0001, and the day's bundles.
CREATE OR REPLACE FUNCTION make_partition(of_day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    suffix text := to_char(of_day, 'YYYYMMDD');
    low    bigint := call_id_at(of_day::timestamp AT TIME ZONE 'UTC');
    high   bigint := call_id_at((of_day + 1)::timestamp AT TIME ZONE 'UTC');
BEGIN
    PERFORM pg_advisory_xact_lock(7723519, 2);
    IF EXISTS (SELECT FROM partition WHERE day = of_day) THEN RETURN false; END IF;
    EXECUTE format('CREATE TABLE call_%s (LIKE call)', suffix);
    EXECUTE format('CREATE UNIQUE INDEX call_%1$s_id ON call_%1$s (id) WITH (fillfactor = 100)', suffix);
    EXECUTE format('CREATE INDEX call_%1$s_parent ON call_%1$s (parent) WITH (fillfactor = 95) WHERE parent IS NOT NULL', suffix);
    EXECUTE format('CREATE INDEX call_%1$s_trace ON call_%1$s USING brin (trace int8_minmax_multi_ops) WITH (pages_per_range = 32, autosummarize = on)', suffix);
    EXECUTE format('CREATE INDEX call_%1$s_foreign ON call_%1$s (trace) WHERE trace < 0', suffix);
    EXECUTE format('CREATE INDEX call_%1$s_labels ON call_%1$s USING brin (labels int4_bloom_ops) WITH (pages_per_range = 32, autosummarize = on)', suffix);
    EXECUTE format('CREATE TABLE flow_%s (LIKE flow)', suffix);
    EXECUTE format('CREATE UNIQUE INDEX flow_%1$s_dst ON flow_%1$s (dst, n)', suffix);
    EXECUTE format('CREATE INDEX flow_%1$s_src ON flow_%1$s (src)', suffix);
    EXECUTE format('ALTER TABLE call ATTACH PARTITION call_%s FOR VALUES FROM (%s) TO (%s)', suffix, low, high);
    EXECUTE format('ALTER TABLE flow ATTACH PARTITION flow_%s FOR VALUES FROM (%s) TO (%s)', suffix, low, high);
    PERFORM make_bundle_partition(of_day);
    INSERT INTO partition (day) VALUES (of_day);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION drop_partition(of_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    suffix text := to_char(of_day, 'YYYYMMDD');
    low    bigint := call_id_at(of_day::timestamp AT TIME ZONE 'UTC');
    high   bigint := call_id_at((of_day + 1)::timestamp AT TIME ZONE 'UTC');
BEGIN
    PERFORM pg_advisory_xact_lock(7723519, 2);
    DELETE FROM partition WHERE day = of_day;
    IF NOT FOUND THEN RETURN; END IF;
    EXECUTE format('DROP TABLE call_%1$s, flow_%1$s, bundle_%1$s', suffix);
    DELETE FROM call_size WHERE id >= low AND id < high;
    DELETE FROM loose WHERE slice >= call_slice(low) AND slice < call_slice(high);
    DELETE FROM stray WHERE slice >= call_slice(low) AND slice < call_slice(high);
END $$;

-- What is there already waits for its bundles, and bundles take the place of the index by trace that closed days had.
DO $$
DECLARE
    of_day date;
BEGIN
    FOR of_day IN SELECT day FROM partition ORDER BY day LOOP
        PERFORM make_bundle_partition(of_day);
        EXECUTE format('DROP INDEX IF EXISTS call_%s_tree', to_char(of_day, 'YYYYMMDD'));
        INSERT INTO loose (slice)
        SELECT generate_series(call_slice(call_id_at(of_day::timestamp AT TIME ZONE 'UTC')), call_slice(call_id_at((of_day + 1)::timestamp AT TIME ZONE 'UTC')) - 1);
        EXECUTE format('INSERT INTO stray SELECT DISTINCT call_slice(id) FROM call_%s WHERE trace > 0 AND (trace < $1 OR trace - id > 8192000000) ON CONFLICT DO NOTHING',
            to_char(of_day, 'YYYYMMDD')) USING call_id_at(of_day::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;
