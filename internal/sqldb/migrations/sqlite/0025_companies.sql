-- Companies that customers asked to be accepted as.

-- address, extras and files are JSON.
CREATE TABLE companies (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    status TEXT NOT NULL,
    address TEXT NOT NULL,
    extras TEXT NOT NULL,
    files TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX companies_customer ON companies (store_id, customer_id);

ALTER TABLE store_counters ADD COLUMN company_id INTEGER NOT NULL DEFAULT 0;
