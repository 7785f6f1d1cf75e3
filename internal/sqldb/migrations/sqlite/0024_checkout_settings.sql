-- What a store, as channel 0, and its channels say about checking out. A channel
-- goes by the store where it says nothing.
CREATE TABLE checkout_settings (
    store_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (store_id, channel_id, name)
) STRICT, WITHOUT ROWID;
