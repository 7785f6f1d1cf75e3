-- What people who work with the control panel write about customers, and how
-- they look at lists.

CREATE TABLE customer_comments (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    staff_id INTEGER NOT NULL,
    author TEXT NOT NULL,
    comment TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_comments_customer ON customer_comments (store_id, customer_id, id);

-- Of the store with staff_id 0, else of one person. query is of the address of a
-- list.
CREATE TABLE saved_views (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    staff_id INTEGER NOT NULL,
    list TEXT NOT NULL,
    name TEXT NOT NULL,
    name_norm TEXT NOT NULL,
    query TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX saved_views_name ON saved_views (store_id, list, staff_id, name_norm);

ALTER TABLE store_counters ADD COLUMN comment_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN view_id INTEGER NOT NULL DEFAULT 0;
