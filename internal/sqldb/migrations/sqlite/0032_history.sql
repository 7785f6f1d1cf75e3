-- What changed, who changed it and by which door.

-- Ids have no gaps and are in the order of commits. actor, surface, action and
-- resource are codes of the program; an actor's code holds the id of an API
-- account, of a customer or of history_actors. resource_id is 0 where the record
-- is the customer. facts and personal are changes; personal begins with a salt
-- and is what may be erased, which leaves its digest. Entries are not referred
-- to and refer to nothing: they outlive what they are about.
CREATE TABLE history (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    surface INTEGER NOT NULL,
    action INTEGER NOT NULL,
    resource INTEGER NOT NULL,
    resource_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    request_id BLOB NOT NULL,
    facts BLOB NOT NULL,
    personal BLOB NOT NULL,
    digest BLOB NOT NULL, -- of what was erased; empty: nothing was
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_customer ON history (store_id, customer_id, id) WHERE customer_id <> 0;

-- Actors who have a name and no record of their own: users of the machine, jobs.
CREATE TABLE history_actors (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX history_actors_name ON history_actors (store_id, kind, name);

-- The chain of blocks of entries. hash is over the one before and the block's
-- entries. date_last is that of the last of them, date_dropped when they were
-- taken away (0: they are there).
CREATE TABLE history_seals (
    store_id INTEGER NOT NULL,
    block INTEGER NOT NULL,
    from_id INTEGER NOT NULL,
    to_id INTEGER NOT NULL,
    date_last INTEGER NOT NULL,
    date_sealed INTEGER NOT NULL,
    date_dropped INTEGER NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL, -- of the key that the block is signed with; empty: it is not
    signature BLOB NOT NULL,
    PRIMARY KEY (store_id, block)
) STRICT, WITHOUT ROWID;

ALTER TABLE store_counters ADD COLUMN history_id INTEGER NOT NULL DEFAULT 0;
