-- What signed tokens need: the keys that storefront tokens are signed with,
-- which of these tokens are revoked, and which login tokens have been used.

CREATE TABLE storefront_keys (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    private_key TEXT NOT NULL, -- of ES256, base64; it signs, so it cannot be hashed
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE storefront_revocations (
    store_id INTEGER NOT NULL,
    token_hash TEXT NOT NULL, -- SHA-256 of the token, hexadecimal
    date_expires INTEGER NOT NULL, -- when the token ends by itself; 0: never
    date_revoked INTEGER NOT NULL,
    PRIMARY KEY (store_id, token_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX storefront_revocations_expires ON storefront_revocations (store_id, date_expires);

-- A row stands for a login token that was accepted. Making it is what decides
-- between two requests with one token.
CREATE TABLE used_login_tokens (
    store_id INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    jti_hash TEXT NOT NULL, -- SHA-256 of the token's id, hexadecimal
    date_used INTEGER NOT NULL,
    PRIMARY KEY (store_id, client_id, jti_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_login_tokens_used ON used_login_tokens (store_id, date_used);
