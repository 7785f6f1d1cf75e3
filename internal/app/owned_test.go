package app_test

import (
	"slices"
	"strings"
	"testing"

	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// apart are the tables that name customers or what is theirs, and of which a merge
// takes no rows, with the reason.
var apart = map[string]string{
	"import_changes":   "who is gone when an import is undone is left out",
	"duplicate_keys":   "made of customers",
	"duplicate_pairs":  "found anew",
	"account_sessions": "they end with their customer, and whoever parts customers signs in anew",
	"account_tokens":   "links end with their customer",
	"customer_emails":  "made of customers",
	"customers":        "the customers themselves",
	"emails":           "what was sent to whom stays what it was",
	"events":           "work",
	"history":          "what happened stays what it was",
	"idempotency_keys": "answers, which end by themselves",
	"impersonations":   "they end with their customer; the history tells of them",
	"order_lines":      "they are where their order is",
	"rule_marks":       "work, which is marked anew",
	"search_recent":    "follows the customers",
	"sign_in_failures": "ends by itself",
	"store_counters":   "numbers",
	"subscribers":      "of addresses: see subscriber.MergeTx",
	"wishlist_items":   "they are where their wishlist is",
}

// Every table whose rows are a customer's, or a row's of one, is looked at when
// customers become one, or there is a reason why not.
func TestEveryTableIsMerged(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, sqldb.SQLite)
	w := apptest.New(t, db, apptest.Options{})
	tables, parts := schema(t, db), map[string]bool{}
	for _, p := range w.Merges.Parts() {
		if parts[p.Table()] || p.Title == "" {
			t.Errorf("%s is told twice or has no title", p.Table())
		}
		parts[p.Table()] = true
		if i := slices.IndexFunc(tables[p.Table()], func(c column) bool { return c.name == p.OwnerColumn() }); i < 0 {
			t.Errorf("%s has no column %s", p.Table(), p.OwnerColumn())
		}
		if p.Through != "" && !parts[p.Through] {
			t.Errorf("%s comes before %s", p.Table(), p.Through)
		}
	}
	of := map[string][]string{} // tables that others refer to
	if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
		clear(of)
		return tx.Query(sqldb.Dynamic(`SELECT m.name, f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND $1 = 0`), func(r *sqldb.Row) error {
			of[r.Text(1)] = append(of[r.Text(1)], strings.Clone(r.Text(0)))
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	theirs := map[string]bool{}
	var hangs func(table string)
	hangs = func(table string) {
		if theirs[table] {
			return
		}
		theirs[table] = true
		for _, name := range of[table] {
			hangs(name)
		}
	}
	hangs("customers")
	for name, columns := range tables {
		if slices.ContainsFunc(columns, func(c column) bool { return c.name == "customer_id" }) {
			theirs[name] = true
		}
	}
	for name := range theirs {
		if parts[name] == (apart[name] != "") {
			t.Errorf("%s: what becomes of it when customers are merged? Declare an owned.Part in its package, or say in apart why nothing does", name)
		}
	}
	for name := range apart {
		if name != "subscribers" && !theirs[name] {
			t.Errorf("%s is no table of customers: take it off", name)
		}
	}
}
