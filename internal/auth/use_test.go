package auth_test

import (
	"crypto/rand"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

// An account counts as used when its token is, written down about once an hour.
func TestUnusedAccounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		clock := systemtest.NewClock(time.Date(2026, 3, 10, 3, 30, 0, 0, time.UTC))
		sys := &system.System{Clock: clock.Now, Random: rand.Reader}
		st, err := store.NewService(db, sys).Create(t.Context(), "one", "One", "")
		if err != nil {
			t.Fatal(err)
		}
		accounts := auth.NewAPIAccounts(db, sys)
		var busy auth.Credentials
		for _, name := range []string{"Idle", "Busy"} {
			if busy, err = accounts.Create(t.Context(), st.ID, name, auth.FullScopes(), auth.Credentials{}); err != nil {
				t.Fatal(err)
			}
		}
		unused := func(want ...string) {
			t.Helper()
			got, err := accounts.Unused(t.Context(), st.ID, sys.Now()-90*24*3600, 10)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%+v, %v, want %v", got, err, want)
			}
			for i := range got {
				if got[i].Name != want[i] {
					t.Errorf("%+v, want %v", got, want)
				}
			}
		}
		use := func() {
			t.Helper()
			a, err := auth.NewCache(accounts, sys).ByToken(t.Context(), "one", busy.AccessToken)
			if err != nil || a == nil {
				t.Fatal(a, err)
			}
			if err := accounts.WriteUses(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		unused()
		clock.Advance(91 * 24 * time.Hour)
		unused("Idle", "Busy")
		use()
		unused("Idle")
		clock.Advance(90*24*time.Hour - 30*time.Minute)
		use()
		clock.Advance(31 * time.Minute)
		unused("Idle")
		clock.Advance(90 * 24 * time.Hour)
		unused("Idle", "Busy")
	})
}
