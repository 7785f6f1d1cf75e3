-- Companies that customers asked to be accepted as.

-- address, extras and files are JSON.
CREATE TABLE companies (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    extras TEXT COLLATE "C" NOT NULL,
    files TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX companies_customer ON companies (store_id, customer_id);

ALTER TABLE store_counters ADD COLUMN company_id BIGINT NOT NULL DEFAULT 0;
