-- Nothing has been sealed so far. marks has of each entry of a block the beginning
-- of its digest, 4 bytes each and zeros for one that is not there: it tells which
-- entry is not what was sealed.
DROP TABLE history_seals;
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
    marks BYTEA NOT NULL,
    PRIMARY KEY (store_id, block)
);
