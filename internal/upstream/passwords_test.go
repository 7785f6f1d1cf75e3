package upstream_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

const people = 100

// secret is what no log and no table may hold.
func secret(i int) string { return fmt.Sprintf("Plainly-Secret-%03d", i) }

func email(i int) string { return fmt.Sprintf("p%03d@example.com", i) }

// seedOf describes a store with the people, who have their passwords or none.
func seedOf(passwords bool, settings string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stores:\n- hash: shop\n  settings: %s\n  api_accounts: [{name: A, client_id: C, client_secret: S, access_token: TOKEN, scopes: [all]}]\n  customers:\n", settings)
	for i := range people {
		fmt.Fprintf(&b, "  - {id: %d, email: %s, first_name: P, last_name: Q", i+1, email(i))
		if passwords {
			fmt.Fprintf(&b, ", password: %s", secret(i))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// source is another Clientele, which can be made to fail.
type source struct {
	*httptest.Server
	trouble atomic.Value // a func(w, r) bool that reports whether it answered
	asked   atomic.Int64
	running atomic.Int64
	most    atomic.Int64
}

func newSource(t *testing.T, e sqldb.Engine) *source {
	from := apptest.New(t, dbtest.Open(t, e), apptest.Options{Seed: seedOf(true, "{}")})
	s := &source{}
	s.trouble.Store(func(http.ResponseWriter, *http.Request) bool { return false })
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		n := s.running.Add(1)
		defer s.running.Add(-1)
		for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
		}
		if !s.trouble.Load().(func(http.ResponseWriter, *http.Request) bool)(w, r) {
			from.Management.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *source) fails(f func(w http.ResponseWriter, r *http.Request) bool) { s.trouble.Store(f) }

func (s *source) works() { s.fails(func(http.ResponseWriter, *http.Request) bool { return false }) }

func down(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusBadGateway)
	return true
}

// doors are the ways to sign in.
type doors struct {
	t      *testing.T
	w      *apptest.World
	bearer string
}

func (d *doors) call(method, path, kind, body string, header ...string) (int, string) {
	r := httptest.NewRequest(method, "http://shop.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	out := httptest.NewRecorder()
	d.w.Handler.ServeHTTP(out, r)
	return out.Code, out.Body.String()
}

const asJSON = "application/json"

func (d *doors) api(method, path, body string) (int, string) {
	return d.call(method, "/stores/shop"+path, asJSON, body, "X-Auth-Token", "TOKEN", "Accept", asJSON)
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// The answers that doors give.
const (
	signedIn = "signed in"
	isWrong  = "wrong"
	later    = "later"
)

// names are the doors.
var names = []string{"page", "graphql", "v2", "v3"}

// try signs in customer i by a door, and returns what came of it.
func (d *doors) try(door string, i int, password string) string {
	status, answer := 0, ""
	found := ""
	switch door {
	case "page":
		status, answer = d.call("POST", "/login.php?action=check_login", "application/x-www-form-urlencoded",
			url.Values{"authenticity_token": {"00112233445566778899aabbccddeeff"}, "login_email": {email(i)}, "login_pass": {password}}.Encode(),
			"Cookie", "clientele_form=00112233445566778899aabbccddeeff")
		switch {
		case status == 303:
			found = signedIn
		case status == 422 && strings.Contains(answer, "wrong"):
			found = isWrong
		case status == 503 && strings.Contains(answer, "cannot be checked"):
			found = later
		}
	case "graphql":
		status, answer = d.call("POST", "/graphql", asJSON, text(map[string]any{
			"query": `mutation($e: String!, $p: String!) { login(email: $e, password: $p) { result } }`, "variables": map[string]string{"e": email(i), "p": password},
		}), "Authorization", "Bearer "+d.bearer)
		switch {
		case strings.Contains(answer, `"result":"success"`):
			found = signedIn
		case strings.Contains(answer, "Invalid credentials"):
			found = isWrong
		case strings.Contains(answer, "try again later"):
			found = later
		}
	case "v2":
		status, answer = d.api("POST", fmt.Sprintf("/v2/customers/%d/validate", i+1), text(map[string]string{"password": password}))
		found = map[string]string{`200{"success":true}`: signedIn, `200{"success":false}`: isWrong}[fmt.Sprint(status, answer)]
		if status == 503 {
			found = later
		}
	case "v3":
		status, answer = d.api("POST", "/v3/customers/validate-credentials", text(map[string]string{"email": email(i), "password": password}))
		switch {
		case status == 200 && strings.Contains(answer, `"is_valid":true`):
			found = signedIn
		case status == 200 && strings.Contains(answer, `"is_valid":false`):
			found = isWrong
		case status == 503:
			found = later
		}
	}
	if found == "" {
		d.t.Errorf("%s answers %d: %s", door, status, answer)
	}
	return found
}

func (d *doors) want(door string, i int, password, want string) {
	d.t.Helper()
	if got := d.try(door, i, password); got != want {
		d.t.Errorf("%s, customer %d: %s, want %s", door, i+1, got, want)
	}
}

// Customers without a password bring theirs from the upstream when they sign in,
// by whichever door; and nothing keeps the password itself.
func TestPasswordsComeWhenTheyAreUsed(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			from := newSource(t, e)
			dsn := dbtest.MigratedDSN(t, e)
			db := dbtest.OpenDSN(t, dsn)
			w := apptest.New(t, db, apptest.Options{Seed: seedOf(false, fmt.Sprintf("{migration: {upstream: %s/stores/shop, token: TOKEN, until: 2026-06-30}}", from.URL))})
			d := &doors{t: t, w: w}
			_, answer := d.api("POST", "/v3/storefront/api-token", `{"channel_ids":[1],"expires_at":0}`)
			var token struct{ Data struct{ Token string } }
			if err := json.Unmarshal([]byte(answer), &token); err != nil || token.Data.Token == "" {
				t.Fatal(answer, err)
			}
			d.bearer = token.Data.Token

			for i, door := range names {
				d.want(door, i, "Plainly-Wrong-1", isWrong)
			}
			// Two of three sign-ins come one by one, the others at once.
			var all sync.WaitGroup
			for i := range 60 {
				if i%3 == 0 {
					all.Go(func() { d.want(names[i%4], i, secret(i), signedIn) })
					continue
				}
				d.want(names[i%4], i, secret(i), signedIn)
			}
			all.Wait()
			if n := from.most.Load(); n > 8 {
				t.Errorf("%d were asked for at once", n)
			}
			// From now on they are here.
			asked := from.asked.Load()
			for i := range 60 {
				d.want(names[(i+1)%4], i, secret(i), signedIn)
			}
			d.want("v3", 1, "Plainly-Wrong-2", isWrong)
			if from.asked.Load() != asked {
				t.Error("asked for a password that is here")
			}

			// Throttled: only for a while.
			from.fails(func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("X-Rate-Limit-Requests-Left", "0")
				w.Header().Set("X-Retry-After", "2")
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			})
			asked = from.asked.Load()
			for i := 60; i < 64; i++ {
				d.want(names[i%4], i, secret(i), later)
			}
			if n := from.asked.Load() - asked; n != 1 {
				t.Errorf("asked %d times though the first answer said when", n)
			}
			from.works()
			w.Clock.Advance(2 * time.Second)
			for i := 60; i < 64; i++ {
				d.want(names[i%4], i, secret(i), signedIn)
			}

			// Without V3's operation V2's does.
			from.fails(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/v3/") {
					w.WriteHeader(http.StatusForbidden)
					return true
				}
				return false
			})
			for i := 64; i < 72; i++ {
				d.want(names[i%4], i, "Plainly-Wrong-3", isWrong)
				d.want(names[i%4], i, secret(i), signedIn)
			}

			// What it does not like of one sign-in has no other wait.
			from.fails(func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return true
			})
			asked = from.asked.Load()
			for i := 72; i < 80; i++ {
				d.want(names[i%4], i, secret(i), later)
			}
			if n := from.asked.Load() - asked; n != 8 {
				t.Errorf("asked %d times, want 8", n)
			}

			// Down: never "wrong", and left alone after five failures.
			from.fails(down)
			asked = from.asked.Load()
			for i := 72; i < 84; i++ {
				d.want(names[i%4], i, secret(i), later)
			}
			if n := from.asked.Load() - asked; n != 5 {
				t.Errorf("asked %d times, want 5", n)
			}
			w.Clock.Advance(31 * time.Second)
			d.want("page", 72, secret(72), later) // one tries again
			d.want("page", 73, secret(73), later)
			if n := from.asked.Load() - asked; n != 6 {
				t.Errorf("asked %d times, want 6", n)
			}
			from.works()
			w.Clock.Advance(31 * time.Second)
			for i := 72; i < people-4; i++ {
				d.want(names[i%4], i, secret(i), signedIn)
			}

			// After the last day a customer without a password has none.
			w.Clock.Set(time.Date(2026, 7, 1, 0, 0, 1, 0, time.UTC))
			d.want("v3", people-1, secret(people-1), isWrong)

			if n := count(t, w, `SELECT COUNT(*) FROM customers WHERE store_id = $1 AND password_hash = ''`); n != 4 {
				t.Errorf("%d have no password, want 4", n)
			}
			if n := count(t, w, fmt.Sprintf(`SELECT COUNT(*) FROM history WHERE store_id = $1 AND action = %d`, history.PasswordChanged)); n != people-4 {
				t.Errorf("the history tells of %d", n)
			}
			if n := count(t, w, `SELECT COUNT(*) FROM events WHERE store_id = $1 AND scope = 'store/customer/updated'`); n != 0 {
				t.Errorf("%d events tell of it", n)
			}
			if strings.Contains(w.Log.String(), "Plainly-") {
				t.Error("the log has a password")
			}
			path, ok := strings.CutPrefix(dsn, "sqlite:")
			if !ok {
				return
			}
			for _, file := range []string{path, path + "-wal"} {
				if kept, err := os.ReadFile(file); err == nil && bytes.Contains(kept, []byte("Plainly-")) {
					t.Errorf("%s has a password", file)
				}
			}
		})
	}
}

// A sign-in waits no longer than three seconds.
func TestSignInsDoNotWaitForAnUpstream(t *testing.T) {
	from := newSource(t, sqldb.SQLite)
	let := make(chan struct{})
	from.fails(func(_ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-let:
		case <-r.Context().Done():
		}
		return true
	})
	defer close(let)
	w := apptest.New(t, dbtest.Open(t, sqldb.SQLite), apptest.Options{Seed: seedOf(false, fmt.Sprintf("{migration: {upstream: %s/stores/shop, token: TOKEN}}", from.URL))})
	d := &doors{t: t, w: w}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() { d.want("v3", i, secret(i), later) })
	}
	all.Wait()
	if n := from.most.Load(); n > 8 {
		t.Errorf("%d were asked for at once", n)
	}
}

func count(t *testing.T, w *apptest.World, query string) (n int64) {
	t.Helper()
	if err := w.DB.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(query), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
