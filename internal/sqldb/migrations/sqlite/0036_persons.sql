-- Addresses that may not be subscribed again without a new consent, as keyed
-- hashes: their persons were erased.
CREATE TABLE suppressions (
    store_id INTEGER NOT NULL,
    address_hash TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, address_hash)
) STRICT, WITHOUT ROWID;

-- Persons who are being erased or were. Of one who was there is the hash alone.
CREATE TABLE erasures (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    address_hash TEXT NOT NULL,
    email TEXT NOT NULL, -- until it is done
    progress TEXT NOT NULL, -- JSON, until it is done
    actor_kind TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    certificate TEXT NOT NULL,
    signature TEXT NOT NULL,
    key_id TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_done INTEGER NOT NULL, -- 0: not yet
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_address ON erasures (store_id, address_hash, id);

ALTER TABLE store_counters ADD COLUMN erasure_id INTEGER NOT NULL DEFAULT 0;
