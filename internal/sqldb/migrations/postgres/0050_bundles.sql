-- Stores that are being filled from a bundle, and how far that has come.
CREATE TABLE bundle_loads (
    store_id BIGINT NOT NULL,
    bundle_hash TEXT COLLATE "C" NOT NULL,
    progress TEXT COLLATE "C" NOT NULL, -- JSON
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id)
);
