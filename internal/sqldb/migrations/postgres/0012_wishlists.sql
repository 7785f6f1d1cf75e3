-- Wishlists of customers, with products of a catalog that is kept elsewhere.

CREATE TABLE wishlists (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    is_public BIGINT NOT NULL,
    token TEXT COLLATE "C" NOT NULL, -- a UUID, by which a public list is shared
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX wishlists_token ON wishlists (store_id, token);
CREATE INDEX wishlists_customer ON wishlists (store_id, customer_id, id);

CREATE TABLE wishlist_items (
    store_id BIGINT NOT NULL,
    wishlist_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    variant_id BIGINT NOT NULL, -- 0 for none
    PRIMARY KEY (store_id, wishlist_id, id),
    FOREIGN KEY (store_id, wishlist_id) REFERENCES wishlists (store_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX wishlist_items_product ON wishlist_items (store_id, wishlist_id, product_id, variant_id);

ALTER TABLE store_counters ADD COLUMN wishlist_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN wishlist_item_id BIGINT NOT NULL DEFAULT 0;
