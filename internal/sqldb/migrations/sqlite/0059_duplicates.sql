-- Customers who may be one person: by which keys they are compared, which pairs were
-- found, and how far a store was looked through.
CREATE TABLE duplicate_scans (
    store_id INTEGER NOT NULL,
    position INTEGER NOT NULL, -- up to which id all customers were looked at
    changed_to INTEGER NOT NULL, -- up to when changed customers were looked at
    changed_id INTEGER NOT NULL,
    date_started INTEGER NOT NULL,
    date_done INTEGER NOT NULL, -- when all were looked at last; 0: not yet
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;

-- A key is a hash of an address, a phone or a name.
CREATE TABLE duplicate_keys (
    store_id INTEGER NOT NULL,
    compare_key INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    PRIMARY KEY (store_id, compare_key, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_keys_customer ON duplicate_keys (store_id, customer_id, compare_key);

CREATE TABLE duplicate_pairs (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    second_id INTEGER NOT NULL,
    distance INTEGER NOT NULL, -- 100 less the score
    reasons TEXT NOT NULL,
    is_dismissed INTEGER NOT NULL, -- somebody said that they are two
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, first_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, second_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX duplicate_pairs_both ON duplicate_pairs (store_id, first_id, second_id);
CREATE INDEX duplicate_pairs_second ON duplicate_pairs (store_id, second_id, first_id);
CREATE INDEX duplicate_pairs_order ON duplicate_pairs (store_id, distance, id);
CREATE INDEX duplicate_pairs_open ON duplicate_pairs (store_id, is_dismissed, distance, id);

ALTER TABLE store_counters ADD COLUMN duplicate_id INTEGER NOT NULL DEFAULT 0;
