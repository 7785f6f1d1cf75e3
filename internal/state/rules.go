package state

// rule says what becomes of a table.
type rule string

const (
	// program: it tells of the program, and is left alone.
	program rule = "program"
	// installation: it is of no store, and goes along when everything is replaced.
	installation rule = "installation"
	// frame: a store keeps it when it is emptied: how apps and shoppers reach it.
	frame rule = "frame"
	// counters are ids and totals, of which an empty store keeps those of its frame.
	counters rule = "counters"
	// content goes when a store is emptied.
	content rule = "content"
)

// rules are those of all tables. A test fails for a table that is not here.
var rules = map[string]rule{
	"schema_lock": program, "schema_migrations": program, "schema_snapshots": program, "schema_spares": program, "schema_writes": program, "schema_processes": program,
	"stores": program, // its rows are written one by one, see Service

	"staff_passkeys": installation, "staff_recovery_codes": installation, "staff_sessions": installation, "staff_tokens": installation, "staff_users": installation,

	"store_counters": counters,

	"api_accounts": frame, "channels": frame, "checkout_settings": frame, "customer_settings": frame, "form_fields": frame, "secret_keys": frame, "site_hosts": frame,
	"site_routes": frame, "staff_memberships": frame, "store_keys": frame, "store_logos": frame, "store_settings": frame, "storefront_keys": frame,

	"account_sessions": content, "account_tokens": content, "address_form_values": content, "addresses": content, "attempt_windows": content,
	"attribute_values": content, "attributes": content, "bulk_actions": content, "bulk_items": content, "bundle_loads": content, "companies": content, "consent_changes": content, "consent_texts": content, "credit_entries": content, "bounces": content,
	"customer_comments": content, "customer_consents": content, "customer_emails": content, "customer_form_values": content, "customer_groups": content,
	"customer_sign_ins": content, "customers": content, "customer_aliases": content, "customer_merges": content, "duplicate_keys": content, "duplicate_pairs": content, "duplicate_scans": content, "daily_figures": content, "email_clashes": content, "email_rekeys": content,
	"email_statuses": content, "email_template_versions": content, "emails": content, "erasures": content, "events": content, "export_chunks": content, "exports": content,
	"form_field_translations": content, "history": content, "history_actors": content, "history_seals": content, "idempotency_keys": content,
	"impersonations": content, "import_changes": content, "import_chunks": content, "import_problems": content, "import_ranges": content, "imported_hash_counts": content, "imported_hashes": content, "imports": content, "jobs": content,
	"known_addresses": content, "list_gaps": content, "list_totals": content, "metafields": content, "mirror_marks": content, "mirrors": content, "order_lines": content, "orders": content,
	"password_invites": content, "person_requests": content, "price_list_assignments": content, "products": content, "rule_clocks": content, "rule_groups": content, "rule_marks": content, "saved_views": content,
	"search_blocks": content, "search_endings": content, "search_recent": content, "search_spellings": content, "search_stores": content, "search_terms": content,
	"segment_members": content, "segment_rules": content, "segments": content, "shopper_profiles": content, "sign_in_failures": content,
	"storefront_revocations": content, "storefront_tokens": content, "stored_instruments": content, "subscriber_ends": content, "subscribers": content,
	"suppressions": content, "tax_properties": content, "unconfirmed_customers": content, "used_login_tokens": content, "webhook_blocks": content,
	"webhook_contacts": content, "webhook_cursors": content, "webhook_deliveries": content, "webhook_notices": content, "webhooks": content,
	"wishlist_items": content, "wishlists": content,
}

// ruleOf returns a table's rule. A new table that nobody has named is content.
func ruleOf(name string) rule {
	if r, ok := rules[name]; ok {
		return r
	}
	return content
}

// frameIDs are the counters of what an empty store keeps.
var frameIDs = map[string]bool{"account_id": true, "channel_id": true, "site_route_id": true}
