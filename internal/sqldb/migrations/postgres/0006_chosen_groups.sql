-- The store's groups for new customers and for guests are flags of groups and
-- nothing else. What the settings said counts where no group has the flag.

UPDATE customer_groups SET is_default = 1
WHERE EXISTS (SELECT 1 FROM customer_settings s
        WHERE s.store_id = customer_groups.store_id AND s.channel_id = 0 AND s.name = 'default_group_id' AND s.value = CAST(customer_groups.id AS TEXT))
    AND NOT EXISTS (SELECT 1 FROM customer_groups o WHERE o.store_id = customer_groups.store_id AND o.is_default = 1);
UPDATE customer_groups SET is_guest = 1
WHERE EXISTS (SELECT 1 FROM customer_settings s
        WHERE s.store_id = customer_groups.store_id AND s.channel_id = 0 AND s.name = 'guest_group_id' AND s.value = CAST(customer_groups.id AS TEXT))
    AND NOT EXISTS (SELECT 1 FROM customer_groups o WHERE o.store_id = customer_groups.store_id AND o.is_guest = 1);
DELETE FROM customer_settings WHERE channel_id = 0 AND name IN ('default_group_id', 'guest_group_id');

-- A channel that chose a group which is gone goes by the store's choice.
DELETE FROM customer_settings
WHERE name IN ('default_group_id', 'guest_group_id') AND value <> '0'
    AND NOT EXISTS (SELECT 1 FROM customer_groups g WHERE g.store_id = customer_settings.store_id AND CAST(g.id AS TEXT) = customer_settings.value);
