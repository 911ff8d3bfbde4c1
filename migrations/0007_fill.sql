-- Room in the index on the id for calls that come late. docs/decisions/0014.

-- As in 0003, but for the fill factor of the index on the id. Ids come nearly in order: what comes late are the few calls that ran when the batch before was
-- cut, one to four a page. A page without room for them is split in two halves, and nothing ever fills those.
CREATE OR REPLACE FUNCTION make_partition(of_day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    suffix text := to_char(of_day, 'YYYYMMDD');
    low    bigint := call_id_at(of_day::timestamp AT TIME ZONE 'UTC');
    high   bigint := call_id_at((of_day + 1)::timestamp AT TIME ZONE 'UTC');
BEGIN
    PERFORM pg_advisory_xact_lock(7723519, 2);
    IF EXISTS (SELECT FROM partition WHERE day = of_day) THEN RETURN false; END IF;
    EXECUTE format('CREATE TABLE call_%s (LIKE call)', suffix);
    EXECUTE format('CREATE UNIQUE INDEX call_%1$s_id ON call_%1$s (id) WITH (fillfactor = 98)', suffix);
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

-- Days that are still written to: what is there stays as it is, pages that are added have the room. A day that is closed is packed.
DO $$
DECLARE
    of_day date;
BEGIN
    FOR of_day IN SELECT day FROM partition WHERE closed IS NULL ORDER BY day LOOP
        EXECUTE format('ALTER INDEX call_%s_id SET (fillfactor = 98)', to_char(of_day, 'YYYYMMDD'));
    END LOOP;
END $$;
