package account_test

import (
	"strings"
	"sync"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// What shoppers do asks the database a certain number of things, and moves the
// store's counters once. Each runs a second time, as its settings are kept then.
func TestStatementsOfShoppers(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			var mu sync.Mutex
			var seen []string
			s := newShop(t, dbtest.OpenWatched(t, e, func(stmt *sqldb.Stmt) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, stmt.SQL())
			}))
			s.settings(func(f *store.StorefrontSettings) {})
			ctx := s.Context()
			ines := s.person("ines@example.com")
			session := func() account.Session { return s.signIn(s.a, account.Browser, "ines@example.com").Session }
			here := session()
			book := customer.AddressCreate{AddressFields: customer.AddressFields{
				FirstName: "Ines", LastName: "Duarte", Address1: "7 St", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US",
			}}
			var last int64
			must := func(err error) {
				s.Helper()
				if err != nil {
					s.Fatal(err)
				}
			}
			for _, c := range []struct {
				name              string
				statements, moves int
				do                func(n string)
			}{
				{"subscribe", 8, 1, func(n string) {
					_, err := s.svc.Subscribe(ctx, s.a, "new"+n+"@example.com", "", "", home)
					must(err)
				}},
				{"subscribe again", 7, 2, func(n string) {
					_, err := s.svc.Subscribe(ctx, s.a, "new1@example.com", "", "", from("198.51.100."+n))
					must(err)
				}},
				{"register", 15, 1, func(n string) {
					in := newcomer("someone" + n + "@example.com")
					_, err := s.svc.Register(ctx, s.a, in, home)
					must(err)
				}},
				{"register with an address", 16, 1, func(n string) {
					in, a := newcomer("other"+n+"@example.com"), book
					in.Address = &a
					_, err := s.svc.Register(ctx, s.a, in, home)
					must(err)
				}},
				{"add an address", 10, 1, func(n string) {
					in := book
					in.Address2 = "Flat " + n
					a, err := s.svc.AddAddress(ctx, s.a.StoreID, ines, in)
					must(err)
					last = a.ID
				}},
				{"change an address", 12, 1, func(n string) {
					_, err := s.svc.ChangeAddress(ctx, s.a.StoreID, ines, customer.AddressUpdate{ID: last, City: opt.Some("Town " + n)})
					must(err)
				}},
				{"remove an address", 14, 1, func(string) {
					must(s.customers.DeleteAddress(ctx, s.a.StoreID, ines, last))
					last--
				}},
				{"change the name", 15, 1, func(n string) {
					_, err := s.svc.UpdateDetails(ctx, s.a, here, account.Details{FirstName: opt.Some("Ines " + n)}, home)
					must(err)
				}},
				{"ask for a link to a new password", 9, 1, func(n string) {
					must(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", from("198.51.100."+n)))
				}},
				{"ask for a link to sign in", 9, 1, func(n string) {
					_, err := s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", "", from("203.0.113."+n))
					must(err)
				}},
				{"sign in", 15, 1, func(string) { session() }},
				{"act for a customer", 1, 0, func(string) {
					_, err := s.svc.Barred(ctx, s.a, ines)
					must(err)
				}},
			} {
				c.do("1")
				mu.Lock()
				seen = nil
				mu.Unlock()
				c.do("2")
				mu.Lock()
				moves := 0
				for _, text := range seen {
					if strings.Contains(text, "UPDATE store_counters") {
						moves++
					}
				}
				if len(seen) != c.statements || moves != c.moves {
					t.Errorf("%s: %d statements, of which %d move the counters; want %d and %d:\n  %s", c.name, len(seen), moves, c.statements, c.moves, strings.Join(seen, "\n  "))
				}
				mu.Unlock()
			}
		})
	}
}
