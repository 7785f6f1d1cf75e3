package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
)

// control makes a request to what controls the server, and returns an error if it
// is not answered by a 2xx.
func (c *client) control(method, path, body string) ([]byte, error) {
	req, err := http.NewRequest(method, c.url+"/_clientele/v1"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return text, err
}

// A server that is killed while it goes back to a snapshot has the state before or
// the one after, and never a mixture; what it had prepared is taken away. Kills
// come at any moment of a restore that takes long, so that some come before its
// end and some after it.
func TestKilledWhileRestoring(t *testing.T) {
	t.Parallel()
	const (
		people = 600 // of a snapshot
		least  = 3   // kills of either kind
		most   = 60  // kills
	)
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		control := func(method, path, body string) {
			t.Helper()
			if _, err := s.client().control(method, path, body); err != nil {
				t.Fatal(err)
			}
		}
		// Two states that differ in all rows: people are there, others, and changed.
		fill := func(name string) {
			for i := range people / 10 {
				var all []any
				for j := range 10 {
					all = append(all, person(fmt.Sprintf("%s%d-%d@example.com", name, i, j)))
				}
				s.client().call(http.StatusOK, http.MethodPost, "/customers", all)
			}
		}
		state := func() string {
			var out strings.Builder
			for _, path := range []string{"/customers?include=addresses,formfields&", "/customers/addresses?", "/customers/attribute-values?"} {
				for page := 1; page <= (people*2+1)/250+1; page++ {
					out.Write(s.client().call(http.StatusOK, http.MethodGet, fmt.Sprintf("%slimit=250&page=%d", path, page), nil))
				}
			}
			out.Write(s.client().call(http.StatusOK, http.MethodGet, "/customers/subscribers", nil))
			return out.String()
		}
		states := map[string]string{}
		for _, name := range []string{"one", "two"} {
			fill(name)
			if name == "two" {
				for from := 0; from < people/2; from += 10 {
					var all []any
					for id := from + 2; id < from+12; id++ {
						all = append(all, map[string]any{"id": id, "notes": "changed"})
					}
					s.client().call(http.StatusOK, http.MethodPut, "/customers", all)
				}
				s.client().call(http.StatusNoContent, http.MethodDelete, fmt.Sprintf("/customers?id:in=%d,%d,%d", people-7, people-5, people-1), nil)
			}
			control("PUT", "/snapshots/"+name, "")
			states[name] = state()
		}
		if states["one"] == states["two"] {
			t.Fatal("the states are the same")
		}
		// How long it takes a server that has just begun.
		at, length := "two", time.Duration(0)
		for _, to := range []string{"one", "two"} {
			s.kill()
			s.restart(t)
			start := time.Now()
			control("POST", "/snapshots/"+to+"/restore", "")
			length = max(length, time.Since(start))
			if state() != states[to] {
				t.Fatalf("a restore of %s that nobody has killed", to)
			}
		}
		seen, late := map[string]int{}, 0
		for kill := range most {
			if seen["before"] >= least && seen["after"] >= least && late > 0 && kill >= 8 {
				break
			}
			to := "one"
			if at == "one" {
				to = "two"
			}
			if rand.IntN(2) == 0 {
				// What is prepared or taken away when it is killed stays nobody's.
				control("POST", "/stores", `{"from":"`+seedStore+`","hash":"clone1"}`)
				control("DELETE", "/stores/clone1", "")
			}
			done := make(chan time.Duration, 1)
			c := s.client()
			go func() {
				start, took := time.Now(), time.Duration(0)
				if _, err := c.control("POST", "/snapshots/"+to+"/restore", ""); err == nil {
					took = time.Since(start)
				}
				done <- took
			}()
			wait := time.Duration(rand.Int64N(int64(length + length/4)))
			time.Sleep(wait)
			s.kill()
			took := <-done
			answered := took > 0
			// Others may take more or less of the machine by now.
			if answered {
				length = took
			} else if wait > length {
				length = wait
			}
			awaitEnd(t, dsn)
			s.restart(t)
			switch got := state(); {
			case got == states[to]:
				at = to
				seen["after"]++
			case got == states[at] && !answered:
				seen["before"]++
				if wait > length/4 {
					late++
				}
			default:
				t.Fatalf("killed on the way from %s to %s after %s of %s (answered: %v), the state is neither:\n%.3000s", at, to, wait, length, answered, got)
			}
		}
		t.Logf("a restore takes %s; killed %v, of those before %d in its last three quarters", length, seen, late)
		if seen["before"] < least || seen["after"] < least || late == 0 {
			t.Errorf("of %d kills too few came in the midst of a restore, or after it: %v", most, seen)
		}
		// What was prepared for stores that were never made is taken away.
		control("POST", "/reset", "")
		for end := time.Now().Add(patience); leftOver(t, dsn) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("rows of no store are left")
			}
		}
		s.stop()
	})
}

// awaitEnd waits until PostgreSQL has ended the sessions of a killed server: what
// these were told to do may still be carried out.
func awaitEnd(t *testing.T, dsn string) {
	t.Helper()
	if !strings.HasPrefix(dsn, "postgres") {
		return
	}
	db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{MustExist: true, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		n := int64(0)
		if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND $1 = 0`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
		}); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d sessions outlive their server", n)
		}
	}
}

// leftOver counts the customers of no store.
func leftOver(t *testing.T, dsn string) (n int64) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM customers c WHERE NOT EXISTS (SELECT 1 FROM stores s WHERE s.id = c.store_id) AND c.store_id <> $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
