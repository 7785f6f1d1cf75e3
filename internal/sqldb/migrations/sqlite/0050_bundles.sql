-- Stores that are being filled from a bundle, and how far that has come.
CREATE TABLE bundle_loads (
    store_id INTEGER NOT NULL,
    bundle_hash TEXT NOT NULL,
    progress TEXT NOT NULL, -- JSON
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;
