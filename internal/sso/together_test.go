package sso_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/limit"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
)

func (s *shop) number(sql string) (n int64) {
	s.t.Helper()
	if err := s.db.Read(s.t.Context(), s.sites[0].StoreID, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// atOnce redeems tokens on two processes and returns what came of each.
func (s *shop) atOnce(tokens []string) []error {
	out := make([]error, len(tokens))
	processes := [2]*sso.Service{s.Service, s.process()}
	var wg sync.WaitGroup
	for i, text := range tokens {
		wg.Go(func() {
			in, g, err := processes[i%2].SignIn(s.t.Context(), s.sites[0], account.Browser, text, account.Client{Peer: limit.Peer{Address: peer}})
			if err == nil && (g.Session.CustomerID != in.CustomerID || g.Token == "") {
				s.t.Errorf("%d: customer %d got a session of %d", i, in.CustomerID, g.Session.CustomerID)
			}
			out[i] = err
		})
	}
	wg.Wait()
	return out
}

const (
	sessionRows = `SELECT COUNT(*) FROM account_sessions WHERE store_id = $1`
	usedRows    = `SELECT COUNT(*) FROM used_login_tokens WHERE store_id = $1`
	entryRows   = `SELECT COUNT(*) FROM history WHERE store_id = $1`
	entriesOut  = `SELECT history_id FROM store_counters WHERE store_id = $1`
	signInRows  = `SELECT COUNT(*) FROM customer_sign_ins WHERE store_id = $1`
)

// Sign-ins that wait for each other are made as one, and each has its own outcome:
// no refusal touches another's, uses its token up or leaves an entry.
func TestLoginTokensAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		var in []customer.Create
		for i := range 8 {
			in = append(in, customer.Create{Email: fmt.Sprintf("c%d@x.org", i), FirstName: "C", LastName: "C"})
		}
		if _, err := customer.NewService(db, s.sys, passwordtest.New(s.sys)).CreateFor(t.Context(), password.Party{StoreID: s.sites[0].StoreID}, in); err != nil {
			t.Fatal(err)
		}
		before := s.number(entryRows)
		var tokens []string
		var want []error
		for i := range 60 {
			change, err := members{"customer_id": 3 + i%8}, error(nil)
			switch {
			case i%7 == 1:
				change["customer_id"], err = 999, sso.UnknownPerson
			case i%7 == 4:
				change["customer_id"], err = 2, sso.NoAccess
			}
			tokens, want = append(tokens, s.token(change)), append(want, err)
		}
		twice := s.token(members{"customer_id": 5})
		tokens = append(tokens, twice, twice, twice)
		good, refusedOnce := int64(1), 0
		for i, err := range s.atOnce(tokens) {
			switch {
			case i >= len(want):
				if errors.Is(err, sso.Used) {
					refusedOnce++
				} else if err != nil {
					t.Errorf("the token that is used thrice: %v", err)
				}
			case !errors.Is(err, want[i]):
				t.Errorf("%d: %v, want %v", i, err, want[i])
			case err == nil:
				good++
			}
		}
		if refusedOnce != 2 {
			t.Errorf("a token was refused %d times of 3", refusedOnce)
		}
		for what, sql := range map[string]string{"sessions": sessionRows, "used tokens": usedRows} {
			if n := s.number(sql); n != good {
				t.Errorf("%d %s, want %d", n, what, good)
			}
		}
		if n, out := s.number(entryRows), s.number(entriesOut); n != before+good || out != n {
			t.Errorf("%d entries of %d ids, want %d", n, out, before+good)
		}
		if n := s.number(signInRows); n != 8 {
			t.Errorf("%d customers have signed in", n)
		}
		// What was refused can be used when there is no reason any more.
		s.write(s.sites[0].StoreID, `UPDATE customers SET channel_ids = '' WHERE store_id = $1 AND id = 2`)
		for i, err := range s.atOnce([]string{tokens[4], tokens[11], tokens[18]}) {
			if err != nil {
				t.Errorf("refused token %d: %v", i, err)
			}
		}
	})
}

// Of a customer who signs in very often at once the longest unused sessions go, each
// with an entry.
func TestLoginTokensOfOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		before := s.number(entryRows)
		for range 4 {
			var tokens []string
			for range 30 {
				tokens = append(tokens, s.token(nil))
			}
			for i, err := range s.atOnce(tokens) {
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
			s.now = s.now.Add(1e9)
		}
		if n := s.number(sessionRows); n != 100 {
			t.Errorf("%d sessions", n)
		}
		if n, out := s.number(entryRows), s.number(entriesOut); n != before+120+20 || out != n {
			t.Errorf("%d entries of %d ids, want %d", n, out, before+140)
		}
	})
}
