-- What changed, who changed it and by which door.

-- Ids have no gaps and are in the order of commits. actor, surface, action and
-- resource are codes of the program; an actor's code holds the id of an API
-- account, of a customer or of history_actors. resource_id is 0 where the record
-- is the customer. facts and personal are changes; personal begins with a salt
-- and is what may be erased, which leaves its digest. Entries are not referred
-- to and refer to nothing: they outlive what they are about.
CREATE TABLE history (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    actor BIGINT NOT NULL,
    surface BIGINT NOT NULL,
    action BIGINT NOT NULL,
    resource BIGINT NOT NULL,
    resource_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    request_id BYTEA NOT NULL,
    facts BYTEA NOT NULL,
    personal BYTEA NOT NULL,
    digest BYTEA NOT NULL, -- of what was erased; empty: nothing was
    PRIMARY KEY (store_id, id)
);
CREATE INDEX history_customer ON history (store_id, customer_id, id) WHERE customer_id <> 0;

-- Actors who have a name and no record of their own: users of the machine, jobs.
CREATE TABLE history_actors (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX history_actors_name ON history_actors (store_id, kind, name);

-- The chain of blocks of entries. hash is over the one before and the block's
-- entries. date_last is that of the last of them, date_dropped when they were
-- taken away (0: they are there).
CREATE TABLE history_seals (
    store_id BIGINT NOT NULL,
    block BIGINT NOT NULL,
    from_id BIGINT NOT NULL,
    to_id BIGINT NOT NULL,
    date_last BIGINT NOT NULL,
    date_sealed BIGINT NOT NULL,
    date_dropped BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL, -- of the key that the block is signed with; empty: it is not
    signature BYTEA NOT NULL,
    PRIMARY KEY (store_id, block)
);

ALTER TABLE store_counters ADD COLUMN history_id BIGINT NOT NULL DEFAULT 0;
