-- How many customers have a password hash of another system, by what it costs
-- to verify.

CREATE TABLE imported_hashes (
    store_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL, -- algorithm and cost
    customers BIGINT NOT NULL,
    PRIMARY KEY (store_id, kind)
);

-- Stores whose customers are being counted, and up to which id they are. Stores
-- without a row are counted.
CREATE TABLE imported_hash_counts (
    store_id BIGINT NOT NULL,
    counted_to BIGINT NOT NULL,
    PRIMARY KEY (store_id)
);

INSERT INTO imported_hash_counts (store_id, counted_to) SELECT id, 0 FROM stores;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 17, 'count_hashes', '{}', 0, 0 FROM stores;
