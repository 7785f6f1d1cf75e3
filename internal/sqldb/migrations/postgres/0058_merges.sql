-- Customers who became one: what each was, for who wants them apart again. It goes
-- after a month, and with the customer who stayed.
CREATE TABLE customer_merges (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL, -- who stayed
    merged TEXT COLLATE "C" NOT NULL, -- JSON: the ids of the others
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    data TEXT COLLATE "C" NOT NULL, -- JSON; '': they cannot be parted any more
    leftover TEXT COLLATE "C" NOT NULL, -- JSON: what parting left as it was
    date_created BIGINT NOT NULL,
    date_expires BIGINT NOT NULL, -- when data goes
    date_ended BIGINT NOT NULL, -- when they were parted; 0: they were not
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_merges_customer ON customer_merges (store_id, customer_id, id);
CREATE INDEX customer_merges_expires ON customer_merges (store_id, date_expires, id) WHERE data <> '';

-- Who they were. With an address that signs_in the one who stayed signs in too.
CREATE TABLE customer_aliases (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL, -- of the customer who is no more
    merge_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL, -- who stayed
    email TEXT COLLATE "C" NOT NULL,
    email_norm TEXT COLLATE "C" NOT NULL,
    signs_in BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, id, merge_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_aliases_customer ON customer_aliases (store_id, customer_id, id);
CREATE INDEX customer_aliases_email ON customer_aliases (store_id, email_norm, id);

ALTER TABLE store_counters ADD COLUMN merge_id BIGINT NOT NULL DEFAULT 0;
