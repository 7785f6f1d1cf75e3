-- A register of storefront tokens, and keys that are retired instead of deleted.

-- The text of a token is not kept. Tokens from before the register enter it
-- when they are used.
CREATE TABLE storefront_tokens (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    token_hash TEXT NOT NULL, -- SHA-256 of the signed part, hexadecimal
    kind TEXT NOT NULL, -- storefront, private or customer_impersonation
    client_id TEXT NOT NULL, -- of the API account that made it
    key_id INTEGER NOT NULL, -- what it is signed with
    channel_ids TEXT NOT NULL, -- JSON, as are the next two
    scopes TEXT NOT NULL,
    origins TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_expires INTEGER NOT NULL, -- 0: never
    date_used INTEGER NOT NULL DEFAULT 0, -- last, written down within a minute; 0: never
    date_revoked INTEGER NOT NULL DEFAULT 0, -- for people; storefront_revocations decides
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX storefront_tokens_hash ON storefront_tokens (store_id, token_hash);
CREATE INDEX storefront_tokens_kind ON storefront_tokens (store_id, kind, id);
CREATE INDEX storefront_tokens_client ON storefront_tokens (store_id, client_id, id);
CREATE INDEX storefront_tokens_key ON storefront_tokens (store_id, key_id);
CREATE INDEX storefront_tokens_expires ON storefront_tokens (store_id, date_expires) WHERE date_expires > 0;
CREATE INDEX storefront_tokens_revoked ON storefront_tokens (store_id, date_revoked) WHERE date_revoked > 0;

ALTER TABLE store_counters ADD COLUMN storefront_token_id INTEGER NOT NULL DEFAULT 0;

-- Rows of storefront_revocations from now on hold the hash of a token's signed
-- part; those made before hold that of its whole text. A key whose date_retired
-- is 0 is in force.

ALTER TABLE storefront_keys ADD COLUMN date_retired INTEGER NOT NULL DEFAULT 0;
