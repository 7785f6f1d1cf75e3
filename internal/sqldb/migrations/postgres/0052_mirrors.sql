-- Mirrors of stores elsewhere: how far each has come, and what webhooks from there
-- told of that is still to be looked at. The token that asks there is not kept.

CREATE TABLE mirrors (
    store_id BIGINT NOT NULL,
    upstream TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    progress TEXT COLLATE "C" NOT NULL, -- JSON
    secret_hash TEXT COLLATE "C" NOT NULL, -- of what webhooks bring along; empty: there are none
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id)
);

CREATE TABLE mirror_marks (
    store_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    resource_id BIGINT NOT NULL,
    stamp BIGINT NOT NULL, -- moves with each mark
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, kind, resource_id)
);
CREATE INDEX mirror_marks_created ON mirror_marks (store_id, date_created, kind, resource_id);
