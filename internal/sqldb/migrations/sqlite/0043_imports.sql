-- Imports of files, how far each has come, and what was not taken as it stands. No
-- cell of a file is kept here: a problem tells where it is.

CREATE TABLE imports (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    state TEXT NOT NULL,
    file TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    plan TEXT NOT NULL,
    position INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    counts TEXT NOT NULL,
    problems INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_problems (
    store_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    code TEXT NOT NULL,
    warning INTEGER NOT NULL,
    PRIMARY KEY (store_id, import_id, id),
    FOREIGN KEY (store_id, import_id) REFERENCES imports (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

ALTER TABLE store_counters ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;
