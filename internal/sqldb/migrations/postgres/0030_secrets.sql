-- Secrets that are encrypted at rest, and the stores' own keys.

-- Under which keys of the key file a store's secrets are. A row is written by
-- each transaction that encrypts, which counts in uses, and goes when no secret
-- of the store is under the key any more: at its start a server knows from these
-- rows alone which keys it needs.
CREATE TABLE secret_keys (
    store_id BIGINT NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    uses BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, key_id)
);

-- Keys with which a store signs and hashes, besides that of links; 0 is a key
-- from before.
ALTER TABLE store_keys ADD COLUMN date_created BIGINT NOT NULL DEFAULT 0;
