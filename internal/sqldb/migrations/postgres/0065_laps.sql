-- Updates of a store's counters have a number that grows with them, and the index its
-- rows: while an old snapshot keeps the versions of a row, the newest is found among
-- the last ones. A unique index of the store alone would compare all of them at each
-- update.
ALTER TABLE store_counters ADD COLUMN lap BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store_counters DROP CONSTRAINT store_counters_pkey;
ALTER TABLE store_counters ADD PRIMARY KEY (store_id, lap);
