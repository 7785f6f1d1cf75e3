-- Stores, API accounts, customers, addresses and the event outbox.
--
-- Every table but stores leads with store_id in its primary key, unique
-- indexes, foreign keys and other indexes. Times are seconds since the epoch,
-- flags are 0 and 1, money is in ten-thousandths. A *_norm column is the
-- folded form (package fold) in which text is compared.

CREATE TABLE stores (
    id BIGINT NOT NULL PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT NOT NULL,
    date_created BIGINT NOT NULL
);

-- One row a store: the last id given out per kind of thing, and how many
-- there are. Writers take its lock late and keep it to the commit, so ids
-- appear in order and a reader that walks by id misses nothing.
CREATE TABLE store_counters (
    store_id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL DEFAULT 0,
    channel_id BIGINT NOT NULL DEFAULT 0,
    group_id BIGINT NOT NULL DEFAULT 0,
    attribute_id BIGINT NOT NULL DEFAULT 0,
    attribute_value_id BIGINT NOT NULL DEFAULT 0,
    form_field_id BIGINT NOT NULL DEFAULT 0,
    customer_id BIGINT NOT NULL DEFAULT 0,
    address_id BIGINT NOT NULL DEFAULT 0,
    subscriber_id BIGINT NOT NULL DEFAULT 0,
    event_id BIGINT NOT NULL DEFAULT 0,
    customers BIGINT NOT NULL DEFAULT 0,
    addresses BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

CREATE TABLE channels (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL DEFAULT '',
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE api_accounts (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    client_secret TEXT NOT NULL, -- a key for HMAC, so it cannot be hashed
    token_hash TEXT COLLATE "C" NOT NULL,   -- SHA-256 of the access token, hexadecimal
    scopes TEXT NOT NULL,        -- separated by spaces
    date_created BIGINT NOT NULL,
    date_revoked BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX api_accounts_token ON api_accounts (store_id, token_hash);
CREATE UNIQUE INDEX api_accounts_client ON api_accounts (store_id, client_id);

CREATE TABLE customer_groups (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE attributes (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_norm TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL, -- string, number, date
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX attributes_name ON attributes (store_id, name_norm);

CREATE TABLE form_fields (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    form TEXT COLLATE "C" NOT NULL, -- customer, address
    name TEXT NOT NULL,
    name_norm TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    required BIGINT NOT NULL,
    options TEXT NOT NULL, -- JSON
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX form_fields_name ON form_fields (store_id, form, name_norm);

CREATE TABLE customers (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    company TEXT NOT NULL,
    phone TEXT NOT NULL,
    notes TEXT NOT NULL,
    tax_exempt_category TEXT NOT NULL,
    customer_group_id BIGINT NOT NULL, -- 0: none
    registration_ip_address TEXT COLLATE "C" NOT NULL,
    accepts_emails BIGINT NOT NULL, -- accepts_product_review_abandoned_cart_emails
    store_credit BIGINT NOT NULL,
    origin_channel_id BIGINT NOT NULL,
    channel_ids TEXT COLLATE "C" NOT NULL, -- '' for all channels, else '1,2'
    password_hash TEXT NOT NULL, -- '' for none
    force_password_reset BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    name_norm TEXT COLLATE "C" NOT NULL, -- first and last name
    last_name_norm TEXT COLLATE "C" NOT NULL,
    company_norm TEXT COLLATE "C" NOT NULL,
    phone_norm TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX customers_created ON customers (store_id, date_created, id);
CREATE INDEX customers_modified ON customers (store_id, date_modified, id);
CREATE INDEX customers_last_name ON customers (store_id, last_name_norm, id);
CREATE INDEX customers_name ON customers (store_id, name_norm, id);
CREATE INDEX customers_group ON customers (store_id, customer_group_id, id) WHERE customer_group_id <> 0;
CREATE INDEX customers_company ON customers (store_id, company_norm, id) WHERE company_norm <> '';
CREATE INDEX customers_phone ON customers (store_id, phone_norm, id) WHERE phone_norm <> '';
CREATE INDEX customers_ip ON customers (store_id, registration_ip_address, id) WHERE registration_ip_address <> '';

-- Who may sign in with an email where. An account for all channels holds the
-- row with channel 0. Accounts for single channels hold a row each and share
-- a row with channel 0 and customer 0, so that the key itself keeps an
-- account for all channels and one for a single channel apart.
CREATE TABLE customer_emails (
    store_id BIGINT NOT NULL,
    email_norm TEXT COLLATE "C" NOT NULL,
    channel_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    PRIMARY KEY (store_id, email_norm, channel_id)
);

CREATE TABLE addresses (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    company TEXT NOT NULL,
    phone TEXT NOT NULL,
    address_type TEXT COLLATE "C" NOT NULL,
    address1 TEXT NOT NULL,
    address2 TEXT NOT NULL,
    city TEXT NOT NULL,
    state_or_province TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    country_code TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL, -- of the twelve core fields
    name_norm TEXT COLLATE "C" NOT NULL,
    company_norm TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX addresses_fingerprint ON addresses (store_id, customer_id, fingerprint);
CREATE INDEX addresses_name ON addresses (store_id, name_norm, id);
CREATE INDEX addresses_company ON addresses (store_id, company_norm, id) WHERE company_norm <> '';

CREATE TABLE attribute_values (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    attribute_id BIGINT NOT NULL,
    value TEXT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, attribute_id) REFERENCES attributes (store_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX attribute_values_owner ON attribute_values (store_id, customer_id, attribute_id);
CREATE INDEX attribute_values_attribute ON attribute_values (store_id, attribute_id, id);

CREATE TABLE customer_form_values (
    store_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    field_id BIGINT NOT NULL,
    value TEXT NOT NULL, -- JSON
    PRIMARY KEY (store_id, customer_id, field_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, field_id) REFERENCES form_fields (store_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_form_values_field ON customer_form_values (store_id, field_id, customer_id);

CREATE TABLE address_form_values (
    store_id BIGINT NOT NULL,
    address_id BIGINT NOT NULL,
    field_id BIGINT NOT NULL,
    value TEXT NOT NULL, -- JSON
    PRIMARY KEY (store_id, address_id, field_id),
    FOREIGN KEY (store_id, address_id) REFERENCES addresses (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, field_id) REFERENCES form_fields (store_id, id) ON DELETE CASCADE
);
CREATE INDEX address_form_values_field ON address_form_values (store_id, field_id, address_id);

-- A subscriber is an email address on a channel, not always a customer.
CREATE TABLE subscribers (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    email TEXT NOT NULL,
    email_norm TEXT COLLATE "C" NOT NULL,
    channel_id BIGINT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    order_id BIGINT NOT NULL, -- 0: none
    consents TEXT NOT NULL, -- separated by commas
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX subscribers_email ON subscribers (store_id, email_norm, channel_id);

-- How many ids a list misses per block of consecutive ids, at several block
-- sizes: turns a page number into an id without walking the rows before it.
CREATE TABLE list_gaps (
    store_id BIGINT NOT NULL,
    list BIGINT NOT NULL,
    level BIGINT NOT NULL,
    block BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    PRIMARY KEY (store_id, list, level, block)
);

-- The outbox: what happened, written in the transaction in which it happened.
CREATE TABLE events (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    scope TEXT COLLATE "C" NOT NULL, -- such as store/customer/created
    resource_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL, -- whose order it keeps
    data TEXT NOT NULL, -- JSON
    notify BIGINT NOT NULL, -- 1: the person concerned is to be told by email
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
