-- Where a callee ran, and which attempt a call was. docs/store.md, "Names".

ALTER TABLE shape
    ADD COLUMN host    text NOT NULL DEFAULT '',           -- name of the silo that ran the callee; '' is the node that recorded the call
    ADD COLUMN attempt smallint NOT NULL DEFAULT 1 CHECK (attempt > 0);  -- 2 and on: the call was sent again

COMMENT ON COLUMN shape.outcome IS
    '0 returned, 1 error result, 2 trapped, 3 timed out, 4 cancelled, 5 denied, 6 not started, 7 lost';

-- The name that Postgres gave it depends on how it shortens long ones.
DO $$
DECLARE
    former name;
BEGIN
    SELECT conname INTO STRICT former FROM pg_constraint WHERE conrelid = 'shape'::regclass AND contype = 'u';
    EXECUTE format('ALTER TABLE shape DROP CONSTRAINT %I', former);
END $$;
ALTER TABLE shape ADD CONSTRAINT shape_once UNIQUE (caller, callee, function, node, outcome, copies, exact, host, attempt);

-- As in 0001, and host: always a name here.
CREATE OR REPLACE VIEW call_view AS
SELECT c.id, coalesce(c.trace, c.id) AS trace, c.parent, call_start(c.id) AS started, c.duration,
       caller.name AS caller, callee.name AS callee, f.name AS function, n.name AS node, s.outcome, s.copies, s.exact,
       l.label_in, l.label_out,
       coalesce(z.size_in, c.size_in) AS size_in, coalesce(z.size_out, c.size_out) AS size_out,
       CASE s.host WHEN '' THEN n.name ELSE s.host END AS host, s.attempt
FROM call c
JOIN shape s ON s.id = c.shape
JOIN component caller ON caller.id = s.caller
JOIN component callee ON callee.id = s.callee
JOIN function f ON f.id = s.function
JOIN node n ON n.id = s.node
JOIN labels l ON l.id = c.labels
LEFT JOIN call_size z ON z.id = c.id AND (c.size_in < 0 OR c.size_out < 0);
