-- By what of a name customers are found: see docs/search.md.

-- The words of names, as terms of the search, by each of their endings of three
-- letters or more: a text is in a word if one of its endings begins with it.
CREATE TABLE search_endings (
    store_id BIGINT NOT NULL,
    ending TEXT COLLATE "C" NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, ending, term)
);

-- Before which id the words of older names are in the lists; 0: all are.
ALTER TABLE search_stores ADD COLUMN named_before BIGINT NOT NULL DEFAULT 0;
UPDATE search_stores SET named_before = 1;
INSERT INTO search_stores (store_id, buckets, words, filled_to, named_before) SELECT id, 1, 0, -1, 1 FROM stores WHERE true ON CONFLICT (store_id) DO NOTHING;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 198, 'search_names', '{}', 0, 0 FROM stores;
