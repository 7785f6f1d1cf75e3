-- Imports that servers take: who asked for them, where they are, and what undoes them.

-- 1: the file is kept
ALTER TABLE imports ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
-- JSON, empty before it
ALTER TABLE imports ADD COLUMN inspection TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN error TEXT NOT NULL DEFAULT '';
-- JSON: how far it was undone
ALTER TABLE imports ADD COLUMN undone TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN actor_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN actor_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN actor_name TEXT NOT NULL DEFAULT '';
-- When somebody last began to take rows, and how many there were by then.
ALTER TABLE imports ADD COLUMN date_begun INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN rows_begun INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN date_ended INTEGER NOT NULL DEFAULT 0;
UPDATE imports SET date_ended = date_modified WHERE state <> 'running';
-- 1: what an import needs for a while, its file and what it created, is there.
ALTER TABLE imports ADD COLUMN undoable INTEGER NOT NULL DEFAULT 0;
CREATE INDEX imports_undoable ON imports (store_id, date_ended, id) WHERE undoable > 0;

-- Problems are told in the order of lines, whenever they were found.
CREATE INDEX import_problems_line ON import_problems (store_id, import_id, line, id);

-- What an import created, as runs of ids: those of a transaction follow each other.
CREATE TABLE import_ranges (
    store_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    resource TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (store_id, import_id, resource, first_id),
    FOREIGN KEY (store_id, import_id) REFERENCES imports (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Files of imports, where several processes share them.
CREATE TABLE import_chunks (
    store_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, import_id, n)
) STRICT, WITHOUT ROWID;
