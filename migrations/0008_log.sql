-- What the guests of applications wrote: the latest lines of each application. docs/node.md says how many are kept, and for how long.
CREATE TABLE application_log (
    application text NOT NULL,
    number      bigint NOT NULL,  -- microseconds since 1970; no two lines of a node have the same
    node        int NOT NULL REFERENCES node,
    component   text NOT NULL,
    source      text NOT NULL,    -- stdout, stderr, or a level of wasi:logging
    trace       text NOT NULL,    -- in which chain it was written; '' for none
    line        text NOT NULL,
    PRIMARY KEY (application, number, node)
);

-- Lines go with the calls of their day.
CREATE FUNCTION drop_logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM application_log WHERE number < (extract(epoch FROM (OLD.day + 1)::timestamp AT TIME ZONE 'UTC') * 1000000)::bigint;
    RETURN NULL;
END $$;
CREATE TRIGGER partition_drops_logs AFTER DELETE ON partition FOR EACH ROW EXECUTE FUNCTION drop_logs();
