-- A picture that a store has as its logo, which its hosts serve.
CREATE TABLE store_logos (
    store_id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL, -- made of the contents
    kind TEXT NOT NULL, -- the type of the picture
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    data BLOB NOT NULL,
    date_created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
