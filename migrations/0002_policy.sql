-- Policies, their decisions, and alerts. docs/policies.md and docs/alerts.md explain the layout.

-- Labels of a component or of the place where it runs (region, team …), for policies that are run over history.
ALTER TABLE component ADD COLUMN labels jsonb NOT NULL DEFAULT '{}';

-- Every version of a policy that was ever active. A version is the digest of what the policy says.
CREATE TABLE policy (
    id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest   text NOT NULL UNIQUE,
    name     text NOT NULL,
    effect   smallint NOT NULL,  -- 0 allow, 1 deny, 2 alert, 3 audit
    severity smallint NOT NULL,  -- 0 info … 4 critical
    mode     smallint NOT NULL,  -- 0 enforce, 1 shadow
    source   text NOT NULL,      -- the YAML document
    recorded timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX policy_name ON policy (name);

-- A set as a whole, and every time that one became the active one.
CREATE TABLE policy_set (
    id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest   text NOT NULL UNIQUE,
    fallback smallint NOT NULL,  -- what happens to a call that no policy allows or denies: 0 allow, 1 deny
    policies int[] NOT NULL
);
CREATE TABLE policy_activation (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    set       int NOT NULL REFERENCES policy_set,
    activated timestamptz NOT NULL,
    author    text NOT NULL
);

-- What repeats from decision to decision: which policies matched or failed. Outcomes: 0 matched, 1 failed and applies, 2 failed and does not.
CREATE TABLE decision_shape (
    id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    set      int NOT NULL REFERENCES policy_set,
    policies int[] NOT NULL,
    outcomes smallint[] NOT NULL,
    verdict  smallint NOT NULL,  -- 0 allow, 1 deny
    shadow   smallint NOT NULL,  -- what it would be with the policies in shadow mode
    UNIQUE (set, policies, outcomes, verdict, shadow)
);

-- One decision in which a policy had a part, or that denied. Others are not worth a row.
CREATE TABLE decision (
    call  bigint NOT NULL,
    shape int NOT NULL,
    event smallint NOT NULL,     -- 1 call, 2 result, 4 declassify, 8 endorse
    n     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (call, event, n)
);

-- Alerts that go out together, and what was said of them. Times are those of the node that raised or sent.
CREATE TABLE alert_group (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text NOT NULL UNIQUE,
    labels     jsonb NOT NULL,
    firing     boolean NOT NULL DEFAULT true,
    severity   smallint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    count      bigint NOT NULL,
    unsaid     bigint NOT NULL,           -- violations since the last notice
    noticed    timestamptz,               -- when the last notice was made
    notices    int NOT NULL DEFAULT 0,
    due        timestamptz                -- when the next notice is to be made; NULL: nothing to say
);
CREATE INDEX alert_group_due ON alert_group (due) WHERE due IS NOT NULL;
CREATE INDEX alert_group_quiet ON alert_group (last_seen) WHERE firing;

-- Violations that are alike are one alert.
CREATE TABLE alert (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text NOT NULL UNIQUE,
    group_id    bigint NOT NULL REFERENCES alert_group,
    labels      jsonb NOT NULL,
    severity    smallint NOT NULL,
    message     text NOT NULL,            -- of the last violation
    version     text NOT NULL,            -- the policy's digest
    call        bigint NOT NULL,          -- the last call
    trace       text NOT NULL,
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    count       bigint NOT NULL,
    unsaid      bigint NOT NULL,
    silenced    bigint NOT NULL DEFAULT 0 -- violations that a silence kept quiet
);
CREATE INDEX alert_group_of ON alert (group_id);

CREATE TABLE violation (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert    bigint NOT NULL REFERENCES alert,
    call     bigint NOT NULL,
    event    smallint NOT NULL,
    at       timestamptz NOT NULL,
    silence  bigint,                      -- the silence that kept it quiet
    message  text NOT NULL
);
CREATE INDEX violation_alert ON violation (alert, id);
CREATE INDEX violation_call ON violation (call);

-- The outbox: a notice is made in the transaction that says so in its group, and stays until a receiver has taken it.
CREATE TABLE notice (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id     bigint NOT NULL REFERENCES alert_group,
    sequence     int NOT NULL,            -- 1, 2, …: which notice of the group
    receiver     text NOT NULL,
    body         jsonb NOT NULL,
    made         timestamptz NOT NULL,
    attempts     int NOT NULL DEFAULT 0,
    next_attempt timestamptz NOT NULL,    -- while it is being sent: when the attempt counts as lost
    delivered    timestamptz,
    abandoned    timestamptz,
    error        text,
    UNIQUE (group_id, sequence, receiver)
);
CREATE INDEX notice_waiting ON notice (next_attempt) WHERE delivered IS NULL AND abandoned IS NULL;

CREATE TABLE silence (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    matchers jsonb NOT NULL,              -- label to pattern; all must match
    starts   timestamptz NOT NULL,
    ends     timestamptz NOT NULL,
    author   text NOT NULL,
    comment  text NOT NULL DEFAULT ''
);
