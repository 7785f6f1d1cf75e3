-- What is known of products of a catalog that is kept elsewhere.

-- price is in ten-thousandths. Paths and SKUs are one product's: seeds, which
-- alone write them, see to it.
CREATE TABLE products (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_norm TEXT COLLATE "C" NOT NULL,
    sku TEXT COLLATE "C" NOT NULL,
    sku_norm TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    price BIGINT NOT NULL,
    image_url TEXT COLLATE "C" NOT NULL,
    in_stock BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX products_path ON products (store_id, path);
CREATE INDEX products_sku ON products (store_id, sku_norm);
CREATE INDEX products_name ON products (store_id, name_norm, id);
CREATE INDEX products_price ON products (store_id, price, id);
