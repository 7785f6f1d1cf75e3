-- What an import changed of customers that were there, a line of its file each: the
-- group before and after, or as the latter the entry of store credit that it made.
CREATE TABLE import_changes (
    store_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    old_value INTEGER NOT NULL,
    new_value INTEGER NOT NULL,
    PRIMARY KEY (store_id, import_id, line),
    FOREIGN KEY (store_id, import_id) REFERENCES imports (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
