-- What persons have asked for of their data, and until when it is due.
CREATE TABLE person_requests (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL, -- export, erase
    address_hash TEXT COLLATE "C" NOT NULL,
    email TEXT NOT NULL, -- empty once the person is erased
    note TEXT NOT NULL,
    outcome TEXT NOT NULL, -- done, declined; empty while it is open
    erasure_id BIGINT NOT NULL, -- 0: none
    actor_kind TEXT NOT NULL, -- who noted it
    actor_id BIGINT NOT NULL,
    actor_name TEXT NOT NULL,
    date_received BIGINT NOT NULL,
    date_due BIGINT NOT NULL,
    date_done BIGINT NOT NULL, -- 0: open
    PRIMARY KEY (store_id, id)
);
CREATE INDEX person_requests_address ON person_requests (store_id, address_hash, id);
CREATE INDEX person_requests_open ON person_requests (store_id, date_due, id) WHERE date_done = 0;

ALTER TABLE store_counters ADD COLUMN person_request_id BIGINT NOT NULL DEFAULT 0;
