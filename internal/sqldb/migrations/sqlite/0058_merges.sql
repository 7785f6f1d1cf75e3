-- Customers who became one: what each was, for who wants them apart again. It goes
-- after a month, and with the customer who stayed.
CREATE TABLE customer_merges (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL, -- who stayed
    merged TEXT NOT NULL, -- JSON: the ids of the others
    actor_kind TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    data TEXT NOT NULL, -- JSON; '': they cannot be parted any more
    leftover TEXT NOT NULL, -- JSON: what parting left as it was
    date_created INTEGER NOT NULL,
    date_expires INTEGER NOT NULL, -- when data goes
    date_ended INTEGER NOT NULL, -- when they were parted; 0: they were not
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_merges_customer ON customer_merges (store_id, customer_id, id);
CREATE INDEX customer_merges_expires ON customer_merges (store_id, date_expires, id) WHERE data <> '';

-- Who they were. With an address that signs_in the one who stayed signs in too.
CREATE TABLE customer_aliases (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL, -- of the customer who is no more
    merge_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL, -- who stayed
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    signs_in INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, id, merge_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_aliases_customer ON customer_aliases (store_id, customer_id, id);
CREATE INDEX customer_aliases_email ON customer_aliases (store_id, email_norm, id);

ALTER TABLE store_counters ADD COLUMN merge_id INTEGER NOT NULL DEFAULT 0;
