-- Files that servers write of stores' customers and subscribers, until they are
-- fetched or a week is over.
CREATE TABLE exports (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    state TEXT NOT NULL,
    options TEXT NOT NULL, -- JSON
    records INTEGER NOT NULL, -- so far
    file TEXT NOT NULL, -- its name, once it is there
    file_hash TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    error TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    date_ended INTEGER NOT NULL, -- 0: not yet
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

-- Their files, where several processes share them.
CREATE TABLE export_chunks (
    store_id INTEGER NOT NULL,
    export_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, export_id, n)
) STRICT, WITHOUT ROWID;

ALTER TABLE store_counters ADD COLUMN export_id INTEGER NOT NULL DEFAULT 0;
