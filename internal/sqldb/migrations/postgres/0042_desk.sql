-- What people who work with the control panel write about customers, and how
-- they look at lists.

CREATE TABLE customer_comments (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    staff_id BIGINT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    comment TEXT COLLATE "C" NOT NULL,
    pinned BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_comments_customer ON customer_comments (store_id, customer_id, id);

-- Of the store with staff_id 0, else of one person. query is of the address of a
-- list.
CREATE TABLE saved_views (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    staff_id BIGINT NOT NULL,
    list TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_norm TEXT COLLATE "C" NOT NULL,
    query TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (store_id, list, staff_id, name_norm);

ALTER TABLE store_counters ADD COLUMN comment_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN view_id BIGINT NOT NULL DEFAULT 0;
