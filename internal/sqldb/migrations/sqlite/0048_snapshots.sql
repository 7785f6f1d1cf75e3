-- Snapshots of what stores hold, which tests go back to. Nothing in production
-- writes them.

CREATE TABLE schema_snapshots (
    name TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL, -- drawn when it is written
    date_created INTEGER NOT NULL,
    about TEXT NOT NULL, -- JSON: which stores
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids under which there are rows of no store: prepared for a store to be, or left
-- of one that is gone. No store gets an id up to the largest of them.
CREATE TABLE schema_spares (
    id INTEGER NOT NULL PRIMARY KEY,
    date_created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
