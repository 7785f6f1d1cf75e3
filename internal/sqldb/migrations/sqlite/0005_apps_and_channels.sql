-- Metafields, settings, consent, stored instruments and tax data of customers;
-- channels and sites.

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

-- What a store (channel 0) or a channel says about its customers. A setting
-- without a row has its default or, on a channel, the store's value.
CREATE TABLE customer_settings (
    store_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (store_id, channel_id, name)
) STRICT, WITHOUT ROWID;

-- What a customer agreed to and what not; names separated by commas.
CREATE TABLE customer_consents (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    allow TEXT NOT NULL,
    deny TEXT NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- References to cards and accounts that a payment provider keeps.
CREATE TABLE stored_instruments (
    store_id INTEGER NOT NULL,
    token TEXT NOT NULL,
    customer_id INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    details TEXT NOT NULL, -- JSON
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, token),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX stored_instruments_customer ON stored_instruments (store_id, customer_id, date_created, token);
CREATE UNIQUE INDEX stored_instruments_default ON stored_instruments (store_id, customer_id) WHERE is_default = 1;

-- What a tax provider is to know about a customer.
CREATE TABLE tax_properties (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (store_id, customer_id, code),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A channel with an url has a site, which goes by the channel's id; with
-- site_created 0 it was made with the channel. Currencies are separated by
-- commas, the default first. unique_name is type, platform and name of a
-- channel that is not deleted.
ALTER TABLE channels ADD COLUMN type TEXT NOT NULL DEFAULT 'storefront';
ALTER TABLE channels ADD COLUMN platform TEXT NOT NULL DEFAULT 'bigcommerce';
ALTER TABLE channels ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
ALTER TABLE channels ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN is_listable INTEGER NOT NULL DEFAULT 1;
ALTER TABLE channels ADD COLUMN is_visible INTEGER NOT NULL DEFAULT 1;
ALTER TABLE channels ADD COLUMN currencies TEXT NOT NULL DEFAULT 'USD';
ALTER TABLE channels ADD COLUMN checkout_url TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN site_created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN site_modified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN checkout_created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN checkout_modified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN unique_name TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX channels_unique ON channels (store_id, unique_name) WHERE unique_name <> '';
