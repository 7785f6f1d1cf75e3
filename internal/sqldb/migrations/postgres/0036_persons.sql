-- Addresses that may not be subscribed again without a new consent, as keyed
-- hashes: their persons were erased.
CREATE TABLE suppressions (
    store_id BIGINT NOT NULL,
    address_hash TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, address_hash)
);

-- Persons who are being erased or were. Of one who was there is the hash alone.
CREATE TABLE erasures (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    address_hash TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C" NOT NULL, -- until it is done
    progress TEXT COLLATE "C" NOT NULL, -- JSON, until it is done
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    certificate TEXT COLLATE "C" NOT NULL,
    signature TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    date_done BIGINT NOT NULL, -- 0: not yet
    PRIMARY KEY (store_id, id)
);
CREATE INDEX erasures_address ON erasures (store_id, address_hash, id);

ALTER TABLE store_counters ADD COLUMN erasure_id BIGINT NOT NULL DEFAULT 0;
