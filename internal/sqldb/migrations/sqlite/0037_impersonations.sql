-- Leaves to sign in as a customer, and what became of them.

-- token_hash is that of the link, which is good once. Times are 0 where nothing
-- has happened yet. session_id is that of account_sessions. actor_kind is a code
-- of the history; how tells why it ended.
CREATE TABLE impersonations (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    customer_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor_kind INTEGER NOT NULL,
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    session_id INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_expires INTEGER NOT NULL,
    date_used INTEGER NOT NULL,
    date_ended INTEGER NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX impersonations_token ON impersonations (store_id, token_hash);
CREATE INDEX impersonations_customer ON impersonations (store_id, customer_id, id);
CREATE INDEX impersonations_expires ON impersonations (store_id, date_expires, id);
CREATE INDEX impersonations_open ON impersonations (store_id, date_expires, id) WHERE date_ended = 0;

-- The impersonation that a session is of, 0 for a customer's own.
ALTER TABLE account_sessions ADD COLUMN impersonation_id INTEGER NOT NULL DEFAULT 0;

ALTER TABLE store_counters ADD COLUMN impersonation_id INTEGER NOT NULL DEFAULT 0;
