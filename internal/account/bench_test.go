package account_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// bench is a store with a customer who is signed in many times over.
func bench(b *testing.B, e sqldb.Engine) (*account.Service, store.Site, account.Grant) {
	b.Helper()
	db, sys := dbtest.Open(b, e), system.Real()
	st, err := store.NewService(db, sys).Create(b.Context(), "", "", "")
	if err != nil {
		b.Fatal(err)
	}
	passwords := passwordtest.New(sys)
	customers := customer.NewService(db, sys, passwords)
	if _, err := customers.CreateFor(b.Context(), password.Party{StoreID: st.ID}, []customer.Create{{Email: "ines@example.com", FirstName: "I", LastName: "D", NewPassword: opt.Some(right)}}); err != nil {
		b.Fatal(err)
	}
	svc := account.NewService(account.Config{DB: db, System: sys, Customers: customers, Passwords: passwords})
	site := store.Site{StoreID: st.ID, ChannelID: 1, URL: "https://shop.example.com"}
	g, err := svc.SignIn(b.Context(), site, account.Browser, "ines@example.com", right, home)
	if err != nil {
		b.Fatal(err)
	}
	return svc, site, g
}

func engines(b *testing.B, fn func(b *testing.B, e sqldb.Engine)) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		b.Run(string(e), func(b *testing.B) { fn(b, e) })
	}
}

func BenchmarkSignIn(b *testing.B) {
	engines(b, func(b *testing.B, e sqldb.Engine) {
		svc, site, _ := bench(b, e)
		for b.Loop() {
			if _, err := svc.SignIn(b.Context(), site, account.Browser, "ines@example.com", right, home); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	engines(b, func(b *testing.B, e sqldb.Engine) {
		svc, site, g := bench(b, e)
		b.ReportAllocs()
		for b.Loop() {
			if o, err := svc.AuthenticateOn(b.Context(), site, g.Token); o == nil || err != nil {
				b.Fatal(o, err)
			}
		}
	})
}

// Who a token belongs to is found by keys alone.
func TestAuthenticateReadsByKeys(t *testing.T) {
	s := newShop(t, dbtest.Open(t, sqldb.SQLite))
	sql := ""
	for _, stmt := range sqldb.Declared() {
		if strings.Contains(stmt.SQL(), "FROM account_sessions s") {
			sql = stmt.SQL()
		}
	}
	var plan []string
	s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic("EXPLAIN QUERY PLAN "+sql), func(r *sqldb.Row) error { plan = append(plan, r.Text(3)); return nil }, "x")
	})
	if len(plan) < 4 {
		t.Errorf("%q", plan)
	}
	for _, step := range plan {
		if !strings.HasPrefix(step, "SEARCH") || !strings.Contains(step, "PRIMARY KEY") {
			t.Error(fmt.Sprint(step))
		}
	}
}
