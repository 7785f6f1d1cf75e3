package auth_test

import (
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// A pass is good for its store, in its process, for an hour, and while its
// account is in force. The database does not know it.
func TestPass(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		now := time.Unix(1_800_000_000, 0)
		sys.Clock = func() time.Time { return now }
		stores, accounts := store.NewService(db, sys), auth.NewAPIAccounts(db, sys)
		var ids [2]int64
		for i, hash := range []string{"aaa", "bbb"} {
			st, err := stores.Create(t.Context(), hash, "", "")
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = st.ID
		}
		pass := func(storeID int64) (string, *auth.APIAccount) {
			t.Helper()
			token, a, expires, err := accounts.Pass(t.Context(), storeID, "pages")
			if err != nil || expires != now.Unix()+3600 || len(token) != 31 {
				t.Fatalf("%q until %d: %v", token, expires, err)
			}
			return token, a
		}
		good := func(from *auth.APIAccounts, hash, token string) bool {
			t.Helper()
			a, err := from.ByToken(t.Context(), hash, token)
			if err != nil {
				t.Fatal(err)
			}
			return a != nil && a.StoreHash == hash && a.Allows(auth.ModifyCustomers)
		}
		first, account := pass(ids[0])
		second, same := pass(ids[0])
		if first == second || account.ID != same.ID {
			t.Errorf("two passes of the accounts %d and %d", account.ID, same.ID)
		}
		if !good(accounts, "aaa", first) || !good(accounts, "aaa", second) {
			t.Error("a pass is not taken")
		}
		if good(accounts, "bbb", first) || good(accounts, "aaa", first+"x") || good(accounts, "aaa", auth.HashToken(first)) {
			t.Error("a pass is taken where it is none")
		}
		if good(auth.NewAPIAccounts(db, sys), "aaa", first) {
			t.Error("another process takes a pass")
		}
		now = now.Add(auth.PassLife - time.Second)
		if !good(accounts, "aaa", first) {
			t.Error("a pass ends before its time")
		}
		now = now.Add(time.Second)
		if good(accounts, "aaa", first) {
			t.Error("a pass is good for more than an hour")
		}
		third, _ := pass(ids[0])
		if err := accounts.Revoke(t.Context(), ids[0], account.ID); err != nil {
			t.Fatal(err)
		}
		if good(accounts, "aaa", third) {
			t.Error("a pass outlives its account")
		}
		if fourth, fresh := pass(ids[0]); fresh.ID == account.ID || !good(accounts, "aaa", fourth) {
			t.Error("a revoked account is used again")
		}
	})
}

// The oldest passes go where there are very many.
func TestPassesAreBounded(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	sys := system.Real()
	accounts := auth.NewAPIAccounts(db, sys)
	st, err := store.NewService(db, sys).Create(t.Context(), "aaa", "", "")
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for range 1002 {
		token, _, _, err := accounts.Pass(t.Context(), st.ID, "pages")
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	for i, want := range map[int]bool{0: false, 1: false, 2: true, 1001: true} {
		if a, err := accounts.ByToken(t.Context(), "aaa", tokens[i]); err != nil || (a != nil) != want {
			t.Errorf("pass %d: %v %v", i, a, err)
		}
	}
}
