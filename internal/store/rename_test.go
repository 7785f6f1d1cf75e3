package store_test

import (
	"testing"

	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Another name of a store is an entry of its history, and of no other's; the same
// name is none.
func TestRename(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		svc := store.NewService(db, system.Real())
		one, err := svc.Create(t.Context(), "one", "First", "")
		if err != nil {
			t.Fatal(err)
		}
		other, err := svc.Create(t.Context(), "two", "Second", "")
		if err != nil {
			t.Fatal(err)
		}
		last := [2]int64{historytest.Last(t, db, one.ID), historytest.Last(t, db, other.ID)}
		ctx := history.With(t.Context(), &history.Origin{Surface: history.Panel, Actor: history.Actor{Kind: history.Staff, Name: "ann@example.com"}})
		for _, name := range []string{"Harbour", "Harbour"} {
			if err := svc.Rename(ctx, one.ID, name); err != nil {
				t.Fatal(err)
			}
		}
		for _, bad := range []string{"", " ", "a\nb"} {
			if err := svc.Rename(ctx, one.ID, bad); err == nil {
				t.Errorf("%q is a name", bad)
			}
		}
		if st, err := svc.ByHash(t.Context(), "one"); err != nil || st.Name != "Harbour" {
			t.Errorf("%+v %v", st, err)
		}
		got := historytest.Entries(t, db, one.ID, last[0])
		if len(got) != 1 || historytest.Line(&got[0]) != `updated store 1: name "First">"Harbour"` || got[0].Actor.Name != "ann@example.com" || got[0].Surface != history.Panel {
			t.Errorf("%+v", got)
		}
		if n := historytest.Last(t, db, other.ID); n != last[1] {
			t.Errorf("the other store has %d entries", n-last[1])
		}
	})
}
