-- Mirrors of stores elsewhere: how far each has come, and what webhooks from there
-- told of that is still to be looked at. The token that asks there is not kept.

CREATE TABLE mirrors (
    store_id INTEGER NOT NULL,
    upstream TEXT NOT NULL,
    version INTEGER NOT NULL,
    progress TEXT NOT NULL, -- JSON
    secret_hash TEXT NOT NULL, -- of what webhooks bring along; empty: there are none
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mirror_marks (
    store_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    resource_id INTEGER NOT NULL,
    stamp INTEGER NOT NULL, -- moves with each mark
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, kind, resource_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mirror_marks_created ON mirror_marks (store_id, date_created, kind, resource_id);
