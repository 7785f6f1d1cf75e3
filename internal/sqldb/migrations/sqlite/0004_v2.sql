-- Customer groups in full, store settings, and indexes for the V2 filters.

-- category_access is all, specific or none; categories of specific are
-- '18,19'; discount_rules are JSON.
ALTER TABLE customer_groups ADD COLUMN name_norm TEXT NOT NULL DEFAULT '';
ALTER TABLE customer_groups ADD COLUMN is_default INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_groups ADD COLUMN is_guest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_groups ADD COLUMN category_access TEXT NOT NULL DEFAULT 'all';
ALTER TABLE customer_groups ADD COLUMN categories TEXT NOT NULL DEFAULT '';
ALTER TABLE customer_groups ADD COLUMN discount_rules TEXT NOT NULL DEFAULT '[]';
UPDATE customer_groups SET name_norm = lower(name);

-- A store has one default group and one group for guests at most.
CREATE UNIQUE INDEX customer_groups_default ON customer_groups (store_id) WHERE is_default = 1;
CREATE UNIQUE INDEX customer_groups_guest ON customer_groups (store_id) WHERE is_guest = 1;

CREATE INDEX customers_credit ON customers (store_id, store_credit, id) WHERE store_credit <> 0;
CREATE INDEX customers_tax ON customers (store_id, tax_exempt_category, id) WHERE tax_exempt_category <> '';

-- What the store tells about itself, where it differs from the defaults.
CREATE TABLE store_settings (
    store_id INTEGER NOT NULL PRIMARY KEY,
    settings TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
