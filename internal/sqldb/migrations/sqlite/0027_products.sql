-- What is known of products of a catalog that is kept elsewhere.

-- price is in ten-thousandths. Paths and SKUs are one product's: seeds, which
-- alone write them, see to it.
CREATE TABLE products (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_norm TEXT NOT NULL,
    sku TEXT NOT NULL,
    sku_norm TEXT NOT NULL,
    path TEXT NOT NULL,
    price INTEGER NOT NULL,
    image_url TEXT NOT NULL,
    in_stock INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX products_path ON products (store_id, path);
CREATE INDEX products_sku ON products (store_id, sku_norm);
CREATE INDEX products_name ON products (store_id, name_norm, id);
CREATE INDEX products_price ON products (store_id, price, id);
