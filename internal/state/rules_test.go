package state

import (
	"slices"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/system"
	"clientele/internal/webhook"
)

// Every table has a rule, so that nobody adds one without a thought of what
// becomes of it.
func TestEveryTableHasARule(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var layouts []*sqldb.Layout
		if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) (err error) { layouts, err = tx.Layouts(); return err }); err != nil {
			t.Fatal(err)
		}
		named := map[string]bool{}
		for _, l := range layouts {
			r, ok := rules[l.Name]
			if !ok {
				t.Errorf("%s has no rule: give it one in rules.go", l.Name)
			}
			named[l.Name] = true
			if ofStore := len(l.Key) > 0 && l.Key[0] == "store_id"; ofStore != (r == frame || r == content || r == counters) {
				t.Errorf("%s is %s, and its key is %q", l.Name, r, l.Key)
			}
			for _, p := range l.Parents {
				if !named[p.Table] {
					t.Errorf("%s comes before %s, to which it refers", l.Name, p.Table)
				}
				if q := rules[p.Table]; r == frame && q == content {
					t.Errorf("%s stays in an empty store, and refers to %s, which does not", l.Name, p.Table)
				}
			}
		}
		for name := range rules {
			if !named[name] {
				t.Errorf("there is no table %s", name)
			}
		}
		described, err := db.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range layouts {
			d := described.Tables[l.Name]
			if d == nil || !slices.Equal(d.Key, l.Key) || len(d.Columns) != len(l.Columns) || len(d.Foreign) != len(l.Parents) {
				t.Errorf("%s: %+v, %+v", l.Name, l, d)
				continue
			}
			for _, c := range l.Columns {
				if dc := d.Columns[c.Name]; dc.Type != c.Type || !dc.NotNull {
					t.Errorf("%s.%s: %+v, %+v; what may be NULL is not copied as it is", l.Name, c.Name, c, dc)
				}
			}
		}
		for name := range frameIDs {
			if _, ok := described.Tables["store_counters"].Columns[name]; !ok {
				t.Errorf("there is no counter %s", name)
			}
		}
	})
}

// All secrets are found in the rows that hold them.
func TestSecretsAreFound(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	all := slices.Concat(auth.Secrets(), staff.Secrets(), store.Secrets(), storekey.Secrets(), webhook.Secrets())
	s := New(db, system.Real(), all)
	if err := s.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := 0
	for tb, columns := range s.sealed {
		found += len(columns)
		for _, c := range columns {
			if tb.name != c.Table || tb.columns[c.value].Name != c.Name || c.row >= tb.keys && tb.columns[c.row].Name != "client_id" {
				t.Errorf("%s.%s: %+v", c.Table, c.Name, c)
			}
		}
	}
	if found != len(all) {
		t.Errorf("%d of %d", found, len(all))
	}
}
