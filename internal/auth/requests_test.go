package auth_test

import (
	"crypto/rand"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

func TestRotateAndRequests(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, clock := t.Context(), systemtest.NewClock(time.Unix(1_800_000_000, 0))
		sys := &system.System{Clock: clock.Now, Random: rand.Reader}
		stores := store.NewService(db, sys)
		st, err := stores.Create(ctx, "one", "One", "")
		if err != nil {
			t.Fatal(err)
		}
		accounts := auth.NewAPIAccounts(db, sys)
		first, err := accounts.Create(ctx, st.ID, "App", auth.FullScopes(), auth.Credentials{})
		if err != nil {
			t.Fatal(err)
		}
		good := func(token string) bool {
			t.Helper()
			a, err := accounts.ByToken(ctx, "one", token)
			if err != nil {
				t.Fatal(err)
			}
			return a != nil
		}
		second, err := accounts.Rotate(ctx, st.ID, 1, time.Hour)
		if err != nil || second.ClientID != first.ClientID || second.ClientSecret != "" {
			t.Fatalf("%+v, %v", second, err)
		}
		third, err := accounts.Rotate(ctx, st.ID, 1, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if good(first.AccessToken) || !good(second.AccessToken) || !good(third.AccessToken) {
			t.Error("not the last two tokens are good")
		}
		clock.Advance(time.Hour)
		if good(second.AccessToken) || !good(third.AccessToken) {
			t.Error("the old token is good after its time")
		}
		for _, keep := range []time.Duration{-1, auth.MaxKeep + 1} {
			if _, err := accounts.Rotate(ctx, st.ID, 1, keep); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				t.Errorf("%s: %v", keep, err)
			}
		}
		if _, err := accounts.Rotate(ctx, st.ID, 2, 0); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Errorf("another account: %v", err)
		}

		a, err := accounts.Get(ctx, st.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		counted := func(want int64, addresses int) {
			t.Helper()
			if err := accounts.WriteUses(ctx); err != nil {
				t.Fatal(err)
			}
			all, err := accounts.Requests(ctx, st.ID)
			if err != nil {
				t.Fatal(err)
			}
			of := all[1]
			if of.All() != want || len(of.Addresses) != addresses {
				t.Errorf("%+v, want %d from %d", of, want, addresses)
			}
		}
		for range 3 {
			accounts.Count(a, "203.0.113.1")
		}
		counted(3, 1)
		clock.Advance(24 * time.Hour)
		accounts.Count(a, "203.0.113.2")
		counted(4, 2)
		counted(4, 2)
		for i := range 3 * auth.MaxAddresses {
			accounts.Count(a, string(rune('a'+i)))
			if i%auth.MaxAddresses == auth.MaxAddresses-1 {
				if err := accounts.WriteUses(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		counted(4+3*auth.MaxAddresses, auth.MaxAddresses)
		clock.Advance((auth.RequestDays - 1) * 24 * time.Hour)
		counted(1+3*auth.MaxAddresses, auth.MaxAddresses)
		clock.Advance(24 * time.Hour)
		counted(0, 0)
	})
}
