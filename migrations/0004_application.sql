-- Applications: every version ever deployed, with all that it is made of. docs/applications.md explains the layout.

-- The bytes of components, each once. They are compressed where that helps; their digest is that of the unpacked bytes.
CREATE TABLE component_blob (
    digest text PRIMARY KEY CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    bytes  bytea NOT NULL,
    stored timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE application (
    id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name   text NOT NULL UNIQUE,
    active int  -- the number of the version that runs; NULL: none
);

-- A version is never changed.
CREATE TABLE application_version (
    application  int NOT NULL REFERENCES application ON DELETE CASCADE,
    number       int NOT NULL CHECK (number > 0),  -- 1, 2, … within the application
    digest       text NOT NULL,                    -- of the plan
    deployed     timestamptz NOT NULL,
    author       text NOT NULL,
    folder       text NOT NULL,                    -- to which directories of the host are relative
    manifest     text[] NOT NULL,                  -- name and text
    policies     text[] NOT NULL,                  -- name, text, name, text, …
    alerts       text[],                           -- name and text
    PRIMARY KEY (application, number)
);
ALTER TABLE application ADD FOREIGN KEY (id, active) REFERENCES application_version (application, number) DEFERRABLE INITIALLY DEFERRED;

-- Components and sinks of a version, with the labels that go to component.labels when it becomes the active one.
CREATE TABLE application_party (
    application int NOT NULL,
    number      int NOT NULL,
    name        text NOT NULL,                     -- within the application
    digest      text REFERENCES component_blob,    -- NULL: a sink
    labels      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (application, number, name),
    FOREIGN KEY (application, number) REFERENCES application_version ON DELETE CASCADE
);

-- Every time that a version became the active one.
CREATE TABLE application_activation (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application int NOT NULL,
    number      int NOT NULL,
    activated   timestamptz NOT NULL,
    author      text NOT NULL,
    FOREIGN KEY (application, number) REFERENCES application_version ON DELETE CASCADE
);
CREATE INDEX application_activation_of ON application_activation (application, id);
