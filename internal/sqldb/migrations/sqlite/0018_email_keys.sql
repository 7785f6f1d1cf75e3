-- Email addresses are compared in one form now. Keys of older rows are made
-- anew by jobs.

-- Lists of stores whose keys are being made anew, and up to which id they are.
-- A list without a row is done.
CREATE TABLE email_rekeys (
    store_id INTEGER NOT NULL,
    list TEXT NOT NULL, -- customers, subscribers
    done_to INTEGER NOT NULL,
    PRIMARY KEY (store_id, list)
) STRICT, WITHOUT ROWID;

-- Rows that keep the key they had, because another has the address.
CREATE TABLE email_clashes (
    store_id INTEGER NOT NULL,
    list TEXT NOT NULL,
    id INTEGER NOT NULL,
    other_id INTEGER NOT NULL,
    date_found INTEGER NOT NULL,
    PRIMARY KEY (store_id, list, id)
) STRICT, WITHOUT ROWID;

INSERT INTO email_rekeys (store_id, list, done_to) SELECT id, 'customers', 0 FROM stores;
INSERT INTO email_rekeys (store_id, list, done_to) SELECT id, 'subscribers', 0 FROM stores;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 191, 'rekey_customers', '{}', 0, 0 FROM stores;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 192, 'rekey_subscribers', '{}', 0, 0 FROM stores;
