package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// owners tells which package names which table in SQL. Others ask it for
// functions, for queries to run in a pipeline, or for parts of SQL.
var owners = map[string][]string{
	"internal/account":     {"account_sessions", "account_tokens", "impersonations", "known_addresses", "password_invites", "unconfirmed_customers"},
	"internal/app":         {"schema_writes"},
	"internal/auth":        {"api_accounts", "storefront_keys", "storefront_revocations", "storefront_tokens"},
	"internal/bulk":        {"bulk_actions", "bulk_items"},
	"internal/catalog":     {"products"},
	"internal/channel":     {"site_routes"},
	"internal/company":     {"companies"},
	"internal/credit":      {"credit_entries"},
	"internal/customer":    {"address_form_values", "addresses", "attribute_values", "attributes", "customer_aliases", "customer_consents", "customer_emails", "customer_form_values", "customer_sign_ins", "customers", "imported_hash_counts", "imported_hashes"},
	"internal/desk":        {"customer_comments", "saved_views"},
	"internal/duplicate":   {"duplicate_keys", "duplicate_pairs", "duplicate_scans"},
	"internal/event":       {"events"},
	"internal/figure":      {"daily_figures"},
	"internal/form":        {"form_field_translations", "form_fields", "kept_form_values"},
	"internal/group":       {"customer_groups", "price_list_assignments"},
	"internal/history":     {"history", "history_actors", "history_seals"},
	"internal/idempotency": {"idempotency_keys"},
	"internal/instrument":  {"stored_instruments"},
	"internal/jobs":        {"jobs"},
	"internal/limit":       {"attempt_windows", "sign_in_failures"},
	"internal/listing":     {"list_gaps"},
	"internal/mail":        {"email_statuses", "email_template_versions", "email_templates", "emails"},
	"internal/merge":       {"customer_merges"},
	"internal/metafield":   {"metafields"},
	"internal/order":       {"order_lines", "orders"},
	"internal/person":      {"erasures", "person_requests"},
	"internal/process":     {"schema_processes"},
	"internal/rekey":       {"email_clashes", "email_rekeys"},
	"internal/rule":        {"rule_marks"},
	"internal/search":      {"search_blocks", "search_endings", "search_recent", "search_spellings", "search_stores", "search_terms"},
	"internal/segment":     {"rule_clocks", "rule_groups", "segment_members", "segment_rules", "segments", "shopper_profiles"},
	"internal/setting":     {"checkout_settings", "customer_settings"},
	"internal/sqldb":       {"secret_keys"},
	"internal/sso":         {"used_login_tokens"},
	"internal/staff":       {"staff_memberships", "staff_passkeys", "staff_recovery_codes", "staff_sessions", "staff_tokens", "staff_users"},
	"internal/state":       {"schema_snapshots", "schema_spares"},
	"internal/store":       {"channels", "site_hosts", "store_counters", "store_logos", "store_settings", "stores"},
	"internal/storekey":    {"store_keys"},
	"internal/subscriber":  {"bounces", "consent_changes", "consent_texts", "subscriber_ends", "subscribers", "suppressions"},
	"internal/tax":         {"tax_properties"},
	"internal/transfer":    {"import_changes", "import_chunks", "import_problems", "import_ranges", "imports"},
	"internal/mirror":      {"mirrors", "mirror_marks"},
	"internal/total":       {"list_totals"},
	"internal/webhook":     {"webhook_blocks", "webhook_contacts", "webhook_cursors", "webhook_deliveries", "webhook_notices", "webhooks"},
	"internal/wishlist":    {"wishlist_items", "wishlists"},

	// A longer name, which would move all the others.
	"internal/export":          {"export_chunks", "exports"},
	"internal/transfer/bundle": {"bundle_loads"},
}

// everybodys are tables that any package may name.
var everybodys = []string{
	"store_counters", // each list's ids are taken from its column in one statement
	"stores",         // what is done for every store begins with them
}

// guests are tables that packages name which are not theirs, and why.
var guests = map[string]map[string]string{
	"internal/auth": {
		"channels": "tokens are for channels, which are locked with the token",
		"webhooks": "an app's webhooks end in the transaction that revokes its account",
	},
	"internal/channel": {
		"channels": "it is the channels' service; store knows of them what every request needs",
	},
	"internal/customer": {
		"metafields": "what goes with a customer is told of in the same transaction, and a profile is one pipeline; metafield is above customer, as it holds customers",
	},
	"internal/history/historytest": {"history": "it is history's, for tests"},
	"internal/group": {
		"customer_settings": "a channel's choice of a group ends with the group and is read with it",
	},
	"internal/history": {
		"api_accounts": "entries name the accounts that made them; auth is above history, as it records",
	},
	"internal/rule": {
		"customers":        "the fragments of conditions over customers are a closed set, written in one place",
		"segment_rules":    "what a rule reads may go; form, which is below segment, says so",
		"addresses":        "the fragments of conditions over customers are a closed set, written in one place",
		"customer_emails":  "the fragments of conditions over customers are a closed set, written in one place",
		"segment_members":  "the fragments of conditions over customers are a closed set, written in one place",
		"shopper_profiles": "the fragments of conditions over customers are a closed set, written in one place",
	},
	"internal/setting": {
		"channels": "settings of a channel are written under its lock",
	},
	"internal/sso": {
		"api_accounts": "the secrets of accounts sign login tokens",
	},
	"internal/store": {
		"schema_spares":     "no store gets an id under which there are rows",
		"checkout_settings": "what a channel's checkout goes by is told of with its other settings",
		"customer_groups":   "which group newcomers of a channel join is told of with its other settings",
		"customer_settings": "whether a channel takes customers of all channels is read with the channel, and what it has on",
		"form_fields":       "a new store has the built-in fields",
	},
	"internal/subscriber": {
		"channels": "a subscriber's channel is looked for with the address",
	},
	"internal/webhook": {
		"events":       "deliveries are made from events, which end when they were fanned out",
		"api_accounts": "deliveries are signed with the account's secret",
	},
}

// notServing are packages whose statements do not serve stores.
var notServing = []string{"internal/sqldb", "internal/bench"}

var (
	created = regexp.MustCompile(`(?i)\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?([a-z_]+)`)
	named   = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
)

// schemaTables are the tables that migrations make.
func schemaTables(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	paths, err := filepath.Glob(root + "/internal/sqldb/migrations/*/*.sql")
	if err != nil || len(paths) == 0 {
		t.Fatal("no migrations found", err)
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range created.FindAllStringSubmatch(string(text), -1) {
			out[m[1]] = true
		}
	}
	return out
}

// tablesIn returns the tables that the SQL in a file names, with where. SQL is
// put together of literals, so each literal is looked at by itself; the table of
// a list is a literal of its own.
func tablesIn(f *ast.File, tables map[string]bool) map[string]token.Pos {
	out := map[string]token.Pos{}
	ast.Inspect(f, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Table" {
				if lit, ok := kv.Value.(*ast.BasicLit); ok {
					if name, err := strconv.Unquote(lit.Value); err == nil && tables[name] {
						out[name] = lit.Pos()
					}
				}
			}
		}
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if tables[m[1]] {
				out[m[1]] = lit.Pos()
			}
		}
		return true
	})
	return out
}

// A table is named by the package it belongs to, so that a rule about its rows
// lives once.
func TestPackagesNameTheirOwnTables(t *testing.T) {
	tables := schemaTables(t)
	owner := map[string]string{}
	for dir, names := range owners {
		for _, name := range names {
			if owner[name] != "" || !tables[name] {
				t.Errorf("%s is no table, or has two owners", name)
			}
			owner[name] = dir
		}
	}
	for name := range tables {
		if owner[name] == "" && !regexp.MustCompile(`_(new|old)$|^schema_`).MatchString(name) {
			t.Errorf("the table %s belongs to no package: bring this test in line", name)
		}
	}
	used := map[string]map[string]bool{}
	for _, f := range files(t) {
		if f.test() || slices.ContainsFunc(notServing, func(dir string) bool { return f.dir == dir || filepath.Dir(f.dir) == dir }) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(tablesIn(f.ast, tables))) {
			if owner[name] == f.dir || slices.Contains(everybodys, name) {
				continue
			}
			if guests[f.dir][name] == "" {
				t.Errorf("%s names %s, which belongs to %s: ask it for a function, a query or a part of SQL", f.path, name, owner[name])
			}
			if used[f.dir] == nil {
				used[f.dir] = map[string]bool{}
			}
			used[f.dir][name] = true
		}
	}
	for dir, names := range guests {
		for name := range names {
			if !used[dir][name] {
				t.Errorf("%s does not name %s any more: take it off the list", dir, name)
			}
		}
	}
}

func TestBreachesOfTablesAreSeen(t *testing.T) {
	tables := map[string]bool{"customers": true, "addresses": true}
	for _, text := range []string{
		"sqldb.Static(`SELECT id FROM customers WHERE store_id = $1`)",
		"sqldb.Dynamic(`SELECT a.id FROM x a` + `\n\tJOIN customers c ON c.id = a.id`)",
		"sqldb.Dynamic(\"UPDATE customers SET notes = ''\")",
		"`INSERT INTO customers (store_id) VALUES ($1)`",
		"spec{Table: \"customers\"}",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n\nvar y = "+text+"\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := tablesIn(f, tables); len(got) != 1 || got["customers"] == 0 {
			t.Errorf("%s names %v", text, got)
		}
	}
}
