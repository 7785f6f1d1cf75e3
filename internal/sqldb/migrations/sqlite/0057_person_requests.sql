-- What persons have asked for of their data, and until when it is due.
CREATE TABLE person_requests (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL, -- export, erase
    address_hash TEXT NOT NULL,
    email TEXT NOT NULL, -- empty once the person is erased
    note TEXT NOT NULL,
    outcome TEXT NOT NULL, -- done, declined; empty while it is open
    erasure_id INTEGER NOT NULL, -- 0: none
    actor_kind TEXT NOT NULL, -- who noted it
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    date_received INTEGER NOT NULL,
    date_due INTEGER NOT NULL,
    date_done INTEGER NOT NULL, -- 0: open
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_requests_address ON person_requests (store_id, address_hash, id);
CREATE INDEX person_requests_open ON person_requests (store_id, date_due, id) WHERE date_done = 0;

ALTER TABLE store_counters ADD COLUMN person_request_id INTEGER NOT NULL DEFAULT 0;
