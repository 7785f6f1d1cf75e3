-- What a store, as channel 0, and its channels say about checking out. A channel
-- goes by the store where it says nothing.
CREATE TABLE checkout_settings (
    store_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (store_id, channel_id, name)
);
