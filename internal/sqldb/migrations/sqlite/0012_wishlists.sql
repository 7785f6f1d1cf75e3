-- Wishlists of customers, with products of a catalog that is kept elsewhere.

CREATE TABLE wishlists (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    is_public INTEGER NOT NULL,
    token TEXT NOT NULL, -- a UUID, by which a public list is shared
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX wishlists_token ON wishlists (store_id, token);
CREATE INDEX wishlists_customer ON wishlists (store_id, customer_id, id);

CREATE TABLE wishlist_items (
    store_id INTEGER NOT NULL,
    wishlist_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    variant_id INTEGER NOT NULL, -- 0 for none
    PRIMARY KEY (store_id, wishlist_id, id),
    FOREIGN KEY (store_id, wishlist_id) REFERENCES wishlists (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX wishlist_items_product ON wishlist_items (store_id, wishlist_id, product_id, variant_id);

ALTER TABLE store_counters ADD COLUMN wishlist_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN wishlist_item_id INTEGER NOT NULL DEFAULT 0;
