-- The answers to requests that may be repeated, by a hash of their key.

-- request_hash tells the request from others with the same key. owner is drawn
-- by each request. Until the row is done it says whose request is under way;
-- until is when that no longer counts, and afterwards when the row goes. answer
-- is encrypted under the key, which is kept nowhere, and in base64. customer_id is the customer
-- whose session asked, or 0.
CREATE TABLE idempotency_keys (
    store_id INTEGER NOT NULL,
    key_hash TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    owner INTEGER NOT NULL,
    done INTEGER NOT NULL,
    until INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (store_id, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_until ON idempotency_keys (store_id, until);
