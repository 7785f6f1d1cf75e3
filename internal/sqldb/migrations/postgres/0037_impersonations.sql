-- Leaves to sign in as a customer, and what became of them.

-- token_hash is that of the link, which is good once. Times are 0 where nothing
-- has happened yet. session_id is that of account_sessions. actor_kind is a code
-- of the history; how tells why it ended.
CREATE TABLE impersonations (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    token_hash TEXT COLLATE "C" NOT NULL,
    customer_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    actor_kind BIGINT NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    session_id BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_expires BIGINT NOT NULL,
    date_used BIGINT NOT NULL,
    date_ended BIGINT NOT NULL,
    how TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX impersonations_token ON impersonations (store_id, token_hash);
CREATE INDEX impersonations_customer ON impersonations (store_id, customer_id, id);
CREATE INDEX impersonations_expires ON impersonations (store_id, date_expires, id);
CREATE INDEX impersonations_open ON impersonations (store_id, date_expires, id) WHERE date_ended = 0;

-- The impersonation that a session is of, 0 for a customer's own.
ALTER TABLE account_sessions ADD COLUMN impersonation_id BIGINT NOT NULL DEFAULT 0;

ALTER TABLE store_counters ADD COLUMN impersonation_id BIGINT NOT NULL DEFAULT 0;
