-- Customers as they use their accounts.

-- Who is signed in where. Only the hash of a session's token is kept.
CREATE TABLE account_sessions (
    store_id INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    id INTEGER NOT NULL, -- random, for its owner to name it
    customer_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- 0: a browser's, 1: a customer access token
    date_created INTEGER NOT NULL,
    date_seen INTEGER NOT NULL,
    date_expires INTEGER NOT NULL,
    idle_seconds INTEGER NOT NULL, -- without use after which it ends; 0: any
    user_agent TEXT NOT NULL,
    ip_address TEXT NOT NULL,
    PRIMARY KEY (store_id, token_hash),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_sessions_customer ON account_sessions (store_id, customer_id, id);
CREATE INDEX account_sessions_expires ON account_sessions (store_id, date_expires);

-- What emailed links carry, by the hash of the token. Most are a customer's
-- and go with the account; those without belong to nobody yet.
CREATE TABLE account_tokens (
    store_id INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    purpose TEXT NOT NULL,
    customer_id INTEGER NOT NULL, -- 0: none
    channel_id INTEGER NOT NULL,
    data TEXT NOT NULL, -- JSON, '' for none
    date_expires INTEGER NOT NULL,
    PRIMARY KEY (store_id, token_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_tokens_customer ON account_tokens (store_id, customer_id);
CREATE INDEX account_tokens_expires ON account_tokens (store_id, date_expires);

-- Wrong passwords in a row, by the hash of what they were tried on.
CREATE TABLE sign_in_failures (
    store_id INTEGER NOT NULL,
    subject TEXT NOT NULL,
    failures INTEGER NOT NULL,
    date_last INTEGER NOT NULL,
    PRIMARY KEY (store_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failures_last ON sign_in_failures (store_id, date_last);

-- Addresses from which a customer signed in, whom strangers' wrong guesses do
-- not lock out.
CREATE TABLE known_addresses (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    ip_address TEXT NOT NULL,
    date_used INTEGER NOT NULL,
    PRIMARY KEY (store_id, customer_id, ip_address),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Customers who registered and have not confirmed their address yet.
CREATE TABLE unconfirmed_customers (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Keys that links are signed with.
CREATE TABLE store_keys (
    store_id INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    secret TEXT NOT NULL, -- hexadecimal
    PRIMARY KEY (store_id, purpose)
) STRICT, WITHOUT ROWID;
