-- Whether a store was made from another one for a test.
ALTER TABLE stores ADD COLUMN is_for_test INTEGER NOT NULL DEFAULT 0;
