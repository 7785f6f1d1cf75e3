-- By what customers are found: see docs/search.md.

-- Customers whose terms changed since they were last put into the lists below:
-- by what they are in the lists (was), and by what they are to be (words).
CREATE TABLE search_recent (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    was TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (store_id, customer_id)
) STRICT, WITHOUT ROWID;

-- Terms, how many customers have them, and the newest of these. Those up to the
-- id full_to are in search_blocks. spelled tells that a term is in the dictionary.
CREATE TABLE search_terms (
    store_id INTEGER NOT NULL,
    term TEXT NOT NULL,
    customers INTEGER NOT NULL,
    spelled INTEGER NOT NULL,
    full_to INTEGER NOT NULL,
    newest TEXT NOT NULL,
    PRIMARY KEY (store_id, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE search_blocks (
    store_id INTEGER NOT NULL,
    term TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    ids TEXT NOT NULL,
    PRIMARY KEY (store_id, term, first_id)
) STRICT, WITHOUT ROWID;

-- The dictionary: words by what is left of them without some letters. Bucket -1
-- has those that are not in their buckets yet.
CREATE TABLE search_spellings (
    store_id INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (store_id, bucket)
) STRICT, WITHOUT ROWID;

-- How large the dictionary of a store is, and up to which id its older
-- customers are found; -1: all.
CREATE TABLE search_stores (
    store_id INTEGER NOT NULL,
    buckets INTEGER NOT NULL,
    words INTEGER NOT NULL,
    filled_to INTEGER NOT NULL,
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;

INSERT INTO search_stores (store_id, buckets, words, filled_to) SELECT id, 1, 0, 0 FROM stores;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 193, 'search_fill', '{}', 0, 0 FROM stores;
