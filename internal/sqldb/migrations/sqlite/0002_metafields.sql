-- Metafields of customers.

ALTER TABLE store_counters ADD COLUMN metafield_id INTEGER NOT NULL DEFAULT 0;

-- What an app keeps about a customer. client_id is the owner: the API account
-- that made it.
CREATE TABLE metafields (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    description TEXT NOT NULL,
    permission_set TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX metafields_name ON metafields (store_id, customer_id, client_id, namespace, key);
CREATE INDEX metafields_customer ON metafields (store_id, customer_id, id);
CREATE INDEX metafields_key ON metafields (store_id, namespace, key, id);
CREATE INDEX metafields_modified ON metafields (store_id, date_modified, id);
