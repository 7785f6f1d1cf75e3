-- How many customers have a password hash of another system, by what it costs
-- to verify.

CREATE TABLE imported_hashes (
    store_id INTEGER NOT NULL,
    kind TEXT NOT NULL, -- algorithm and cost
    customers INTEGER NOT NULL,
    PRIMARY KEY (store_id, kind)
) STRICT, WITHOUT ROWID;

-- Stores whose customers are being counted, and up to which id they are. Stores
-- without a row are counted.
CREATE TABLE imported_hash_counts (
    store_id INTEGER NOT NULL,
    counted_to INTEGER NOT NULL,
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;

INSERT INTO imported_hash_counts (store_id, counted_to) SELECT id, 0 FROM stores;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 17, 'count_hashes', '{}', 0, 0 FROM stores;
