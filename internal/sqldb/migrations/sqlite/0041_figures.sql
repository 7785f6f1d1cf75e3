-- What happened in a store a day, as numbers: see package figure. A day is counted
-- since the epoch, in the store's time zone.
CREATE TABLE daily_figures (
    store_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (store_id, day, kind)
) STRICT, WITHOUT ROWID;
