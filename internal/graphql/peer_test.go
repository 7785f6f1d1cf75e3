package graphql_test

import (
	"fmt"
	"slices"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/visit"
)

// texts returns a column of the first store.
func (w *world) texts(sql string) (out []string) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil })
	}))
	return out
}

// guessed notes that so many guesses were made from an address.
func (w *world) guessed(address string, n int64) {
	w.t.Helper()
	w.ok(w.db.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start) VALUES ($1, $2, $3, $4)`),
			limit.Subject("guess", limit.Peer{Address: address}.Network()), n, w.Clock.Now().Unix())
	}))
}

const enter = `mutation { login(email: "john@example.com", password: "Secret123") { result } }`

// The address that a server tells stands wherever one is kept, if it proved to
// be a server. From anybody else it is nothing.
func TestToldAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const sessions, known, registered = `SELECT ip_address FROM account_sessions WHERE store_id = $1`,
			`SELECT ip_address FROM known_addresses WHERE store_id = $1 ORDER BY ip_address`, `SELECT registration_ip_address FROM customers WHERE store_id = $1 AND registration_ip_address <> ''`
		const at = "203.0.113.7" // of whoever asks
		for i, c := range []struct {
			who         []string
			told        string
			saved, from string
		}{
			{nil, "198.51.100.9", "198.51.100.9", "198.51.100.9"},
			{nil, "2001:db8:1:2::9", "2001:db8:1:2::9", "2001:db8:1:2::/64"},
			{nil, "", at, "backend"},
			{nil, "198.51.100.9, 198.51.100.10", at, "backend"},
			{nil, "somewhere", at, "backend"},
			{[]string{"Authorization", "Bearer " + w.act}, "198.51.100.9", "198.51.100.9", "198.51.100.9"},
			{[]string{"Authorization", "Bearer " + w.page}, "198.51.100.9", at, at},
			{[]string{"Authorization", "Bearer " + w.page, "Origin", shop}, "198.51.100.9", at, at},
			{[]string{"Authorization", "Bearer " + w.page, "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}, "198.51.100.9", at, at},
		} {
			w.ok(w.db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
				for _, table := range []string{"account_sessions", "known_addresses"} {
					if err := tx.Exec(sqldb.Dynamic(`DELETE FROM ` + table + ` WHERE store_id = $1`)); err != nil {
						return err
					}
				}
				return tx.Exec(sqldb.Dynamic(`UPDATE customers SET registration_ip_address = '' WHERE store_id = $1`))
			}))
			if a := w.ask(enter, nil, append(c.who, visit.ClientIP, c.told)...); len(a.Errors) > 0 {
				t.Fatalf("%v: %s", c, a.Text)
			}
			if got := w.texts(sessions); !slices.Equal(got, []string{c.saved}) {
				t.Errorf("%v: the session is from %q", c, got)
			}
			if got := w.texts(known); !slices.Equal(got, []string{c.from}) {
				t.Errorf("%v: the customer is known from %q", c, got)
			}
			in := map[string]any{"e": fmt.Sprintf("new%d@example.com", i)}
			if a := w.ask(`mutation($e: String!) { customer { registerCustomer(input: {firstName: "A", lastName: "B", email: $e, password: "Secret123"}) { errors { __typename } } } }`, in, append(c.who, visit.ClientIP, c.told)...); len(a.Errors) > 0 {
				t.Fatalf("%v: %s", c, a.Text)
			}
			if got := w.texts(registered); !slices.Equal(got, []string{c.saved}) {
				t.Errorf("%v: the account is from %q", c, got)
			}
		}
	})
}

// What is guessed at a server's address, or through it, shuts nobody out there
// but the emails that were guessed at.
func TestServersAreNotShut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.guessed("203.0.113.7", 1000)
		w.guessed("198.51.100.9", 1000)
		w.guessed("2001:db8:1:2::1", 1000)
		page := []string{"Authorization", "Bearer " + w.page}
		act := []string{"Authorization", "Bearer " + w.act}
		for _, c := range []struct {
			who  []string
			told string
			open bool
		}{
			{nil, "", true}, {act, "", true}, {nil, "198.51.100.10", true}, {nil, "2001:db8:1:3::1", true},
			{nil, "198.51.100.9", false}, {act, "198.51.100.9", false}, {nil, "2001:db8:1:2::9", false},
			{page, "", false}, {page, "198.51.100.10", false},
		} {
			// Another customer each time, whom nobody knows from anywhere.
			w.ok(w.db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Exec(sqldb.Dynamic(`DELETE FROM known_addresses WHERE store_id = $1`))
			}))
			if a := w.ask(enter, nil, append(c.who, visit.ClientIP, c.told)...); (len(a.Errors) == 0) != c.open {
				t.Errorf("%v: %s", c, a.Text)
			}
		}
		for range 10 {
			w.ask(`mutation { login(email: "jane@example.com", password: "x") { result } }`, nil)
		}
		w.refused(w.ask(`mutation { login(email: "jane@example.com", password: "Secret123") { result } }`, nil), 200, "Too many requests")
		if a := w.ask(enter, nil); len(a.Errors) > 0 {
			t.Error(a.Text)
		}
		// Who is known at home is let in while strangers guess.
		w.ok(w.db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`INSERT INTO known_addresses (store_id, customer_id, ip_address, date_used) VALUES ($1, 1, '198.51.100.9', 0)`))
		}))
		if a := w.ask(`mutation { login(email: "jane@example.com", password: "Secret123") { result } }`, nil, visit.ClientIP, "198.51.100.9"); len(a.Errors) > 0 {
			t.Error(a.Text)
		}
	})
}

// A login token that is for one address is good from the address told.
func TestLoginTokenFromToldAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const q = `mutation($t: String!) { loginWithCustomerLoginJwt(jwt: $t) { customer { entityId } } }`
		for i, c := range []struct {
			told string
			ok   bool
		}{{"198.51.100.9", true}, {"198.51.100.10", false}, {"", false}} {
			claims := fmt.Sprintf(`{"iss":%q,"iat":%d,"jti":"told-%d","operation":"customer_login","store_hash":"shop","customer_id":1,"request_ip":"198.51.100.9"}`, w.app.ClientID, w.Clock.Now().Unix(), i)
			a := w.ask(q, map[string]any{"t": w.signed(claims)}, visit.ClientIP, c.told)
			if (len(a.Errors) == 0) != c.ok {
				t.Errorf("%v: %s", c, a.Text)
			}
		}
	})
}

// Only tokens that are secrets of servers name shoppers.
func TestForServers(t *testing.T) {
	for kind, want := range map[auth.TokenKind]bool{auth.BrowserToken: false, auth.ImpersonationToken: true, auth.PrivateToken: true} {
		if got := (&auth.StorefrontToken{Kind: kind}).ForServers(); got != want {
			t.Errorf("kind %d: %v", kind, got)
		}
	}
}
