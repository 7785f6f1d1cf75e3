-- How many rows lists have: see internal/total. A list without a row has none.
CREATE TABLE list_totals (
    store_id INTEGER NOT NULL,
    list INTEGER NOT NULL,
    part TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (store_id, list, part)
) STRICT, WITHOUT ROWID;

-- 1: the rows from before are to be counted yet.
ALTER TABLE store_counters ADD COLUMN uncounted_lists INTEGER NOT NULL DEFAULT 0;
UPDATE store_counters SET uncounted_lists = 1;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 199, 'count_lists', '{}', 0, 0 FROM stores;
