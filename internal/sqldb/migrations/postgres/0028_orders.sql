-- What is known of customers' orders, which are kept elsewhere.

-- total, subtotal and price are in ten-thousandths; subtotal and quantity are
-- those of all lines together.
CREATE TABLE orders (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    status_id BIGINT NOT NULL,
    total BIGINT NOT NULL,
    subtotal BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE INDEX orders_customer ON orders (store_id, customer_id, id);

-- place is that of a line in its order, from 1 on.
CREATE TABLE order_lines (
    store_id BIGINT NOT NULL,
    order_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    price BIGINT NOT NULL,
    PRIMARY KEY (store_id, order_id, place),
    FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE
);
CREATE INDEX order_lines_product ON order_lines (store_id, product_id);
