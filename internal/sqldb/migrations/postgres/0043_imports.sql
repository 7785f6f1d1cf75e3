-- Imports of files, how far each has come, and what was not taken as it stands. No
-- cell of a file is kept here: a problem tells where it is.

CREATE TABLE imports (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    file TEXT COLLATE "C" NOT NULL,
    file_hash TEXT COLLATE "C" NOT NULL,
    file_size BIGINT NOT NULL,
    plan TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    counts TEXT COLLATE "C" NOT NULL,
    problems BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE import_problems (
    store_id BIGINT NOT NULL,
    import_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    column_name TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    warning BIGINT NOT NULL,
    PRIMARY KEY (store_id, import_id, id),
    FOREIGN KEY (store_id, import_id) REFERENCES imports (store_id, id) ON DELETE CASCADE
);

ALTER TABLE store_counters ADD COLUMN import_id BIGINT NOT NULL DEFAULT 0;
