-- By what customers are found: see docs/search.md.

-- Customers whose terms changed since they were last put into the lists below:
-- by what they are in the lists (was), and by what they are to be (words).
CREATE TABLE search_recent (
    store_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    was TEXT COLLATE "C" NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, customer_id)
);

-- Terms, how many customers have them, and the newest of these. Those up to the
-- id full_to are in search_blocks. spelled tells that a term is in the dictionary.
CREATE TABLE search_terms (
    store_id BIGINT NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    customers BIGINT NOT NULL,
    spelled BIGINT NOT NULL,
    full_to BIGINT NOT NULL,
    newest TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, term)
);

CREATE TABLE search_blocks (
    store_id BIGINT NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    first_id BIGINT NOT NULL,
    ids TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, term, first_id)
);

-- The dictionary: words by what is left of them without some letters. Bucket -1
-- has those that are not in their buckets yet.
CREATE TABLE search_spellings (
    store_id BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, bucket)
);

-- How large the dictionary of a store is, and up to which id its older
-- customers are found; -1: all.
CREATE TABLE search_stores (
    store_id BIGINT NOT NULL,
    buckets BIGINT NOT NULL,
    words BIGINT NOT NULL,
    filled_to BIGINT NOT NULL,
    PRIMARY KEY (store_id)
);

INSERT INTO search_stores (store_id, buckets, words, filled_to) SELECT id, 1, 0, 0 FROM stores;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 193, 'search_fill', '{}', 0, 0 FROM stores;
