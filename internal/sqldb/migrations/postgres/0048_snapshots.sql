-- Snapshots of what stores hold, which tests go back to. Nothing in production
-- writes them.

CREATE TABLE schema_snapshots (
    name TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL, -- drawn when it is written
    date_created BIGINT NOT NULL,
    about TEXT NOT NULL, -- JSON: which stores
    body BYTEA NOT NULL
);

-- Ids under which there are rows of no store: prepared for a store to be, or left
-- of one that is gone. No store gets an id up to the largest of them.
CREATE TABLE schema_spares (
    id BIGINT NOT NULL PRIMARY KEY,
    date_created BIGINT NOT NULL
);
