package bench

import (
	"context"
	"fmt"

	"clientele/internal/company"
	"clientele/internal/metafield"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/total"
	"clientele/internal/wishlist"
)

// What lists show beside what load makes: rows by the hundred thousand, made of
// the customers by few statements instead of by services.

// filler is what is run, in this order. The columns that say nothing to a list
// hold little.
var filler = []string{
	`UPDATE customers SET customer_group_id = 101 + (id % 20), registration_ip_address = '10.0.' || ((id / 250) % 250) || '.' || (id % 250),
		store_credit = (id % 3) * 10000, tax_exempt_category = CASE WHEN id % 10 = 0 THEN 'A' ELSE '' END WHERE store_id = $1`,
	`INSERT INTO customer_groups (store_id, id, name, name_norm, date_created, date_modified)
		SELECT store_id, 100 + id, 'Group ' || id, 'group ' || id, date_created, date_created FROM customers WHERE store_id = $1 AND id <= 20`,
	`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified)
		SELECT store_id, 100 + id, CASE id WHEN 1 THEN 'customer' ELSE 'address' END, 'Filled ' || id, 'filled ' || id, 'text', 0, '{}', date_created, date_created
		FROM customers WHERE store_id = $1 AND id <= 2`,
	`INSERT INTO customer_form_values (store_id, customer_id, field_id, value, session_id) SELECT store_id, id, 101, '"x"', 2 * id FROM customers WHERE store_id = $1`,
	`INSERT INTO address_form_values (store_id, address_id, field_id, value, session_id) SELECT store_id, id, 102, '"x"', 2 * id + 1 FROM addresses WHERE store_id = $1`,
	`INSERT INTO metafields (store_id, id, customer_id, client_id, namespace, key, value, description, permission_set, date_created, date_modified)
		SELECT store_id, id, id, CASE WHEN id % 2 = 0 THEN '` + clientID + `' ELSE 'another' END, 'Space ' || (id % 4), 'Key ' || (id % 20), 'Value', '',
		CASE WHEN id % 5 = 0 THEN 'app_only' ELSE 'read' END, date_created, date_created FROM customers WHERE store_id = $1`,
	`INSERT INTO shopper_profiles (store_id, id, uuid, customer_id, date_created, date_modified)
		SELECT store_id, id, 'profile ' || id, id, date_created, date_created FROM customers WHERE store_id = $1`,
	`INSERT INTO segments (store_id, id, uuid, name, name_norm, description, date_created, date_modified)
		SELECT store_id, id, 'segment ' || id, 'Segment ' || id, 'segment ' || id, '', date_created, date_created FROM customers WHERE store_id = $1 AND id <= 20`,
	`INSERT INTO segment_members (store_id, segment_id, profile_id, date_created) SELECT store_id, 1 + (id % 2), id, date_created FROM customers WHERE store_id = $1`,
	`INSERT INTO wishlists (store_id, id, customer_id, name, is_public, token, date_created, date_modified)
		SELECT store_id, id, id, 'Wishes', 0, 'wishes ' || id, date_created, date_created FROM customers WHERE store_id = $1 AND id % 2 = 0`,
	`INSERT INTO products (store_id, id, name, name_norm, sku, sku_norm, path, price, image_url, in_stock)
		SELECT store_id, id, 'Thing', 'thing', '', '', '', 1, '', 1 FROM customers WHERE store_id = $1 AND id = 1`,
	`INSERT INTO orders (store_id, id, customer_id, channel_id, status_id, total, subtotal, quantity, date_created, date_modified)
		SELECT store_id, id, id, 1, CASE WHEN id % 100 = 0 THEN 1 ELSE 10 END, (id * 7919) % 1000000, 0, 1, date_created, date_created + (id % 1000) FROM customers WHERE store_id = $1`,
	`INSERT INTO order_lines (store_id, order_id, place, product_id, quantity, price) SELECT store_id, id, 1, 1, 1, 1 FROM customers WHERE store_id = $1`,
	`INSERT INTO webhooks (store_id, id, client_id, scope, destination, destination_norm, headers, is_active, date_created, date_modified)
		SELECT store_id, id, '` + clientID + `', 'store/customer/*', 'https://example.com/' || id, 'https://example.com/' || id, '', 0, 1, 1 FROM customers WHERE store_id = $1 AND id <= 5`,
	`INSERT INTO webhook_deliveries (store_id, hook_id, id, scope, data, date_created, lane, state, due_at, lease_owner)
		SELECT store_id, 1, id, CASE WHEN id % 100 = 0 THEN 'store/customer/deleted' ELSE 'store/customer/created' END, '{}', date_created, id,
		CASE WHEN id % 1000 = 0 THEN 'failed' ELSE 'delivered' END, 0, '' FROM customers WHERE store_id = $1`,
	`INSERT INTO credit_entries (store_id, customer_id, id, kind, amount, balance, reason, reference, actor_kind, actor_id, actor_name, expires_at, remaining, spent, entry_id, reverted_by, date_created)
		SELECT store_id, 1, id, 'credit', 1, id, '', '', 'app', 1, '', 0, 0, '', 0, 0, date_created FROM customers WHERE store_id = $1 AND id <= 1000`,
	`INSERT INTO companies (store_id, id, customer_id, channel_id, name, email, phone, status, address, extras, files, date_created, date_modified)
		SELECT store_id, id, id, 1, 'Company', email, '1', 'pending', '{}', '{}', '[]', date_created, date_created FROM customers WHERE store_id = $1 AND id % 10 = 0`,
	`INSERT INTO tax_properties (store_id, customer_id, code, value) SELECT store_id, id, 'code', 'value' FROM customers WHERE store_id = $1 AND id % 10 = 0`,
	`UPDATE subscribers SET order_id = id, source = CASE WHEN id % 10 = 0 THEN 'order' ELSE 'storefront' END WHERE store_id = $1`,
	`INSERT INTO consent_changes (store_id, id, subscriber_id, action, email, channel_id, consents, source, order_id, via, account_id, ip_address, date_created)
		SELECT store_id, 1000000000 + id, 1, 'updated', email, 1, '', 'storefront', 0, '', 0, '', date_created FROM customers WHERE store_id = $1 AND id <= 1000`,
	`INSERT INTO storefront_tokens (store_id, id, token_hash, kind, client_id, key_id, channel_ids, scopes, origins, date_created, date_expires)
		SELECT store_id, id, 'hash ' || id, CASE WHEN id % 4 = 0 THEN 'private' ELSE 'storefront' END, CASE WHEN id % 20 = 0 THEN '` + clientID + `' ELSE 'another' END, 1, '[1]', '[]', '[]', date_created, 0
		FROM customers WHERE store_id = $1 AND id % 10 = 0`,
	`INSERT INTO price_list_assignments (store_id, id, price_list_id, customer_group_id, channel_id)
		SELECT store_id, id, 1 + (id % 10), id, 1 FROM customers WHERE store_id = $1 AND id <= 1000`,
	`INSERT INTO channels (store_id, id, name, url, date_created, date_modified)
		SELECT store_id, id, 'Channel', 'https://' || id || '.example.com', date_created, date_created FROM customers WHERE store_id = $1 AND id BETWEEN 2 AND 20`,
	`INSERT INTO site_routes (store_id, id, channel_id, type, matching, route, date_created, date_modified)
		SELECT store_id, id, 2, 'product', id, '/', date_created, date_created FROM customers WHERE store_id = $1 AND id <= 50`,
	`INSERT INTO customer_merges (store_id, id, customer_id, merged, actor_kind, actor_id, actor_name, data, leftover, date_created, date_expires, date_ended)
		SELECT store_id, id, id, '[0]', 'staff', 1, 'Ann', '', '[]', date_created, date_created, 0 FROM customers WHERE store_id = $1 AND id % 10 = 0`,
	`INSERT INTO duplicate_pairs (store_id, id, first_id, second_id, distance, reasons, is_dismissed, date_created)
		SELECT store_id, id, id, id - 1, 10, '', (id / 10) % 2, date_created FROM customers WHERE store_id = $1 AND id % 10 = 0`,
	`INSERT INTO impersonations (store_id, id, token_hash, customer_id, channel_id, reason, actor_kind, actor_id, actor_name, session_id, date_created, date_expires, date_used, date_ended, how)
		SELECT store_id, id, 'bench-' || id, id, 1, 'Ticket', 1, 1, 'app', 0, date_created, date_created + 60, 0, date_created + 60, 'expired'
		FROM customers WHERE store_id = $1 AND id % 10 = 0`,
	`UPDATE store_counters SET shopper_profiles = customers, form_values = customers + addresses WHERE store_id = $1`,
}

var measure = sqldb.Global("ANALYZE")

// fillLists gives the lists of a store of customers their rows.
func fillLists(ctx context.Context, db *sqldb.DB, storeID int64) error {
	for _, sql := range filler {
		if err := db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql)) }); err != nil {
			return fmt.Errorf("fill: %.60s: %w", sql, err)
		}
	}
	// What was put into tables as it is, is counted as after an upgrade.
	if err := db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`UPDATE store_counters SET uncounted_lists = 1 WHERE store_id = $1`))
	}); err != nil {
		return err
	}
	if err := total.Run(ctx, db, storeID, []total.Count{wishlist.Counted, company.Counted, metafield.Counted, segment.Counted}); err != nil {
		return err
	}
	if db.Engine() != sqldb.Postgres {
		return nil // the program has told the planner what it needs
	}
	return db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(measure) })
}
