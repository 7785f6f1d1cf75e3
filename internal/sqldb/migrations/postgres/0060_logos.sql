-- A picture that a store has as its logo, which its hosts serve.
CREATE TABLE store_logos (
    store_id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL, -- made of the contents
    kind TEXT NOT NULL, -- the type of the picture
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    data BYTEA NOT NULL,
    date_created BIGINT NOT NULL
);
