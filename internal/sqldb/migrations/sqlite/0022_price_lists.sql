-- Which price list applies to whom.

-- customer_group_id 0 stands for all groups, channel_id 0 for all channels. The
-- price list of a group on all channels is what V2 calls a discount rule of type
-- price_list.
CREATE TABLE price_list_assignments (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    price_list_id INTEGER NOT NULL,
    customer_group_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX price_list_assignments_place ON price_list_assignments (store_id, customer_group_id, channel_id);
CREATE INDEX price_list_assignments_channel ON price_list_assignments (store_id, channel_id, id);
CREATE INDEX price_list_assignments_list ON price_list_assignments (store_id, price_list_id, id);

ALTER TABLE store_counters ADD COLUMN price_list_assignment_id INTEGER NOT NULL DEFAULT 0;

-- Such a rule stands alone: its text is [["price_list","",0,ID]].
INSERT INTO price_list_assignments (store_id, id, price_list_id, customer_group_id, channel_id)
SELECT store_id, ROW_NUMBER() OVER (PARTITION BY store_id ORDER BY id), CAST(rtrim(substr(discount_rules, 21), ']') AS INTEGER), id, 0
FROM customer_groups WHERE discount_rules LIKE '[["price_list","",0,%';
UPDATE customer_groups SET discount_rules = '[]' WHERE discount_rules LIKE '[["price_list","",0,%';
UPDATE store_counters SET price_list_assignment_id = (SELECT COUNT(*) FROM price_list_assignments a WHERE a.store_id = store_counters.store_id)
WHERE store_id IN (SELECT store_id FROM price_list_assignments);
