-- Totals of lists that were counted, and indexes for filters that had none.

-- uncounted is how often values went uncounted since the totals of values were
-- right; 0: they are. Those of older values are counted by a job.
ALTER TABLE store_counters ADD COLUMN attribute_values BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN form_values BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN uncounted BIGINT NOT NULL DEFAULT 0;
UPDATE store_counters SET uncounted = 1;
INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 194, 'count_values', '{}', 0, 0 FROM stores;

-- Of a filter's value the index has the rows in the order of the list, and what
-- tells who may read them.
CREATE INDEX metafields_namespace ON metafields (store_id, namespace, id, permission_set, client_id);
CREATE INDEX metafields_named ON metafields (store_id, key, id, permission_set, client_id);

DROP INDEX customer_form_values_field;
CREATE INDEX customer_form_values_field ON customer_form_values (store_id, field_id, session_id);
DROP INDEX address_form_values_field;
CREATE INDEX address_form_values_field ON address_form_values (store_id, field_id, session_id);

-- Orders are counted by their status.
CREATE INDEX orders_created ON orders (store_id, date_created, id, status_id);
CREATE INDEX orders_modified ON orders (store_id, date_modified, id, status_id);
CREATE INDEX orders_status ON orders (store_id, status_id, id);
CREATE INDEX orders_status_created ON orders (store_id, status_id, date_created, id);
CREATE INDEX orders_channel ON orders (store_id, channel_id, id, status_id);
CREATE INDEX orders_total ON orders (store_id, total, id, status_id);
