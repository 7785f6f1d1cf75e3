-- Files that servers write of stores' customers and subscribers, until they are
-- fetched or a week is over.
CREATE TABLE exports (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    options TEXT COLLATE "C" NOT NULL, -- JSON
    records BIGINT NOT NULL, -- so far
    file TEXT COLLATE "C" NOT NULL, -- its name, once it is there
    file_hash TEXT COLLATE "C" NOT NULL,
    file_size BIGINT NOT NULL,
    error TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    date_ended BIGINT NOT NULL, -- 0: not yet
    PRIMARY KEY (store_id, id)
);

-- Their files, where several processes share them.
CREATE TABLE export_chunks (
    store_id BIGINT NOT NULL,
    export_id BIGINT NOT NULL,
    n BIGINT NOT NULL,
    data BYTEA NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, export_id, n)
);

ALTER TABLE store_counters ADD COLUMN export_id BIGINT NOT NULL DEFAULT 0;
