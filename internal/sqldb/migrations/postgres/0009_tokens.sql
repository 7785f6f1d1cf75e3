-- What signed tokens need: the keys that storefront tokens are signed with,
-- which of these tokens are revoked, and which login tokens have been used.

CREATE TABLE storefront_keys (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    private_key TEXT NOT NULL, -- of ES256, base64; it signs, so it cannot be hashed
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE storefront_revocations (
    store_id BIGINT NOT NULL,
    token_hash TEXT COLLATE "C" NOT NULL, -- SHA-256 of the token, hexadecimal
    date_expires BIGINT NOT NULL, -- when the token ends by itself; 0: never
    date_revoked BIGINT NOT NULL,
    PRIMARY KEY (store_id, token_hash)
);
CREATE INDEX storefront_revocations_expires ON storefront_revocations (store_id, date_expires);

-- A row stands for a login token that was accepted. Making it is what decides
-- between two requests with one token.
CREATE TABLE used_login_tokens (
    store_id BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    jti_hash TEXT COLLATE "C" NOT NULL, -- SHA-256 of the token's id, hexadecimal
    date_used BIGINT NOT NULL,
    PRIMARY KEY (store_id, client_id, jti_hash)
);
CREATE INDEX used_login_tokens_used ON used_login_tokens (store_id, date_used);
