-- What happened in a store a day, as numbers: see package figure. A day is counted
-- since the epoch, in the store's time zone.
CREATE TABLE daily_figures (
    store_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (store_id, day, kind)
);
