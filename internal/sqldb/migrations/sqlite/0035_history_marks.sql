-- Nothing has been sealed so far. marks has of each entry of a block the beginning
-- of its digest, 4 bytes each and zeros for one that is not there: it tells which
-- entry is not what was sealed.
DROP TABLE history_seals;
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
    marks BLOB NOT NULL,
    PRIMARY KEY (store_id, block)
) STRICT, WITHOUT ROWID;
