package metafield_test

import (
	"fmt"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/metafield"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// Metafields change hands together or not at all, to an account of their store.
func TestReassign(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st, other := shop(t, db)
		ctx := t.Context()
		accounts := auth.NewAPIAccounts(db, system.Real())
		for store, ids := range map[int64][]string{st: {"app", "heir", "gone"}, other: {"stranger"}} {
			for _, id := range ids {
				if _, err := accounts.Create(ctx, store, id, auth.FullScopes(), auth.Credentials{ClientID: id}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := accounts.Revoke(ctx, st, 3); err != nil {
			t.Fatal(err)
		}
		make := func(store int64, client string, in metafield.Create) int64 {
			t.Helper()
			m, err := s.Create(ctx, store, metafield.Caller{ClientID: client}, in)
			if err != nil {
				t.Fatal(err)
			}
			return m.ID
		}
		secret := field("secret")
		secret.Permission = metafield.AppOnly
		a, b := make(st, "app", field("a")), make(st, "app", secret)
		held := make(st, "heir", field("held"))
		taken := make(st, "app", field("held"))
		theirs := make(other, "stranger", field("theirs"))
		owners := func(store int64) string {
			t.Helper()
			all, _, err := s.List(ctx, store, metafield.Caller{All: true}, 0, metafield.List.New())
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, m := range all {
				out += fmt.Sprint(m.ID, m.ClientID, " ")
			}
			return out
		}
		before, elsewhere := owners(st), owners(other)
		for name, c := range map[string]struct {
			client string
			ids    []int64
			want   fault.Kind
		}{
			"none":                  {"heir", nil, fault.Invalid},
			"too many":              {"heir", many(metafield.MaxBatch + 1), fault.Invalid},
			"no such":               {"heir", []int64{a, 99}, fault.NotFound},
			"nobody":                {"nobody", []int64{a}, fault.Invalid},
			"revoked":               {"gone", []int64{a}, fault.Invalid},
			"another store's":       {"stranger", []int64{a}, fault.Invalid},
			"another store's field": {"heir", []int64{theirs + 100}, fault.NotFound},
			"a name that is taken":  {"heir", []int64{a, taken}, fault.Conflict},
		} {
			if err := s.Reassign(ctx, st, c.client, c.ids); fault.As(err) == nil || kind(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
			if got := owners(st); got != before {
				t.Errorf("%s: %s", name, got)
			}
		}
		events := func() (n int) {
			t.Helper()
			if err := db.Read(ctx, st, func(tx *sqldb.Tx) error {
				n = 0
				return tx.Query(sqldb.Dynamic(`SELECT id FROM events WHERE store_id = $1 AND scope = $2`), func(*sqldb.Row) error { n++; return nil }, event.MetafieldUpdated)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := events(); n != 0 {
			t.Errorf("%d events", n)
		}
		if err := s.Reassign(ctx, st, "heir", []int64{b, a, held, a}); err != nil {
			t.Fatal(err)
		}
		if got, want := owners(st), fmt.Sprint(a, "heir ", b, "heir ", held, "heir ", taken, "app "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if n := events(); n != 2 {
			t.Errorf("%d events of two that changed hands", n)
		}
		if got := owners(other); got != elsewhere {
			t.Error(got)
		}
		if _, err := s.Get(ctx, st, metafield.Caller{ClientID: "heir"}, 1, b); err != nil {
			t.Errorf("the heir cannot read what is theirs: %v", err)
		}
		if _, err := s.Get(ctx, st, metafield.Caller{ClientID: "app"}, 1, b); kind(err) != fault.NotFound {
			t.Errorf("the former owner reads on: %v", err)
		}
		// The bound of an owner counts for what is given to it.
		for i := range metafield.MaxPerOwner - 2 {
			make(st, "app", field(fmt.Sprint("k", i)))
		}
		full := make(st, "app", field("last"))
		if err := s.Reassign(ctx, st, "app", []int64{a}); kind(err) != fault.Invalid {
			t.Errorf("over the bound: %v", err)
		}
		if err := s.Delete(ctx, st, metafield.Caller{ClientID: "app"}, 1, full); err != nil {
			t.Fatal(err)
		}
		if err := s.Reassign(ctx, st, "app", []int64{a}); err != nil {
			t.Errorf("at the bound: %v", err)
		}
	})
}

func many(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i + 1)
	}
	return out
}
