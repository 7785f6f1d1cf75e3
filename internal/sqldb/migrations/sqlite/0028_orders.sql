-- What is known of customers' orders, which are kept elsewhere.

-- total, subtotal and price are in ten-thousandths; subtotal and quantity are
-- those of all lines together.
CREATE TABLE orders (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    status_id INTEGER NOT NULL,
    total INTEGER NOT NULL,
    subtotal INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_customer ON orders (store_id, customer_id, id);

-- place is that of a line in its order, from 1 on.
CREATE TABLE order_lines (
    store_id INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    price INTEGER NOT NULL,
    PRIMARY KEY (store_id, order_id, place),
    FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX order_lines_product ON order_lines (store_id, product_id);
