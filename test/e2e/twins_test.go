package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Two servers on one database are one service.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		a, b := serve(t, "--database", dsn), serve(t, "--database", dsn)
		both := []*client{a.client(), b.client()}
		l := newLedger()

		var all sync.WaitGroup
		for w := range writers {
			c := both[w%2]
			all.Go(func() {
				for k := range 12 {
					email := fmt.Sprintf("w%d-k%d@example.com", w, k)
					status, answer, err := c.send(http.MethodPost, "/customers", []any{person(email)})
					if err == nil && status == http.StatusOK {
						_, err = l.add(answer, []string{email})
					}
					if err != nil || status != http.StatusOK {
						t.Errorf("create %s: %d %s (%v)", email, status, answer, err)
						return
					}
				}
			})
		}
		for i := range 8 {
			all.Go(func() {
				for k := range 8 {
					raceEmail(t, l, both, fmt.Sprintf("race-%d-%d@example.com", i, k))
				}
			})
		}
		all.Wait()
		if t.Failed() {
			t.FailNow()
		}
		if got, want := l.len(), writers*12+64; got != want {
			t.Fatalf("%d customers were made, want %d", got, want)
		}
		for _, c := range both {
			l.check(t, c)
		}
		if n := list[customer](both[0], "/customers?limit=1").Meta.Pagination.Total; n != l.len()+1 {
			t.Errorf("there are %d customers, want %d", n, l.len()+1)
		}

		// What one server has answered the other knows.
		for i := range 40 {
			from, to := both[i%2], both[1-i%2]
			notes := fmt.Sprintf("change %d", i)
			from.call(http.StatusOK, http.MethodPut, "/customers", []any{map[string]any{"id": 1, "notes": notes}})
			p := list[customer](to, "/customers?id:in=1")
			if len(p.Data) != 1 || p.Data[0].Notes != notes {
				t.Fatalf("after %q the other server says %+v", notes, p.Data)
			}
		}
		last := fmt.Sprint(l.len() + 1)
		both[0].call(http.StatusNoContent, http.MethodDelete, "/customers?id:in="+last, nil)
		if p := list[customer](both[1], "/customers?id:in="+last); len(p.Data) != 0 {
			t.Errorf("a deleted customer is still there: %+v", p.Data)
		}
		a.stop()
		both[1].call(http.StatusOK, http.MethodGet, "/customers", nil)
		b.stop()
	})
}

// raceEmail makes a customer with one email, in different case, through both
// servers at once; exactly one must win.
func raceEmail(t *testing.T, l *ledger, clients []*client, email string) {
	wins, losses := 0, 0
	var mu sync.Mutex
	var both sync.WaitGroup
	for i, c := range clients {
		own := email
		if i == 1 {
			own = strings.ToUpper(email[:1]) + email[1:]
		}
		both.Go(func() {
			status, answer, err := c.send(http.MethodPost, "/customers", []any{person(own)})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("create %s: %v", own, err)
			case status == http.StatusOK:
				wins++
				if _, err := l.add(answer, []string{own}); err != nil {
					t.Error(err)
				}
			case status == http.StatusUnprocessableEntity && strings.Contains(string(answer), "already in use"):
				losses++
			default:
				t.Errorf("create %s: %d %s", own, status, answer)
			}
		})
	}
	both.Wait()
	if wins != 1 || losses != 1 {
		t.Errorf("%s: %d servers made it and %d refused it", email, wins, losses)
	}
}

// starts is how often two servers are started at once.
const starts = 6

// Servers that start at the same instant on an empty database agree on one
// schema and one first store.
func TestTwoFirstStarts(t *testing.T) {
	t.Parallel()
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			for range starts {
				testTwoFirstStarts(t, dbtest.DSN(t, e))
			}
		})
		t.Run(string(e)+" with a seed file", func(t *testing.T) {
			t.Parallel()
			for range starts {
				testTwoFirstStarts(t, dbtest.DSN(t, e), "--seed", absolute(t, seedFile))
			}
		})
	}
}

func testTwoFirstStarts(t *testing.T, dsn string, args ...string) {
	t.Helper()
	args = append([]string{"--database", dsn}, args...)
	pair := []*server{{dir: t.TempDir(), args: args}, {dir: t.TempDir(), args: args}}
	for _, s := range pair {
		s.launch(t)
	}
	shown := 0
	for _, s := range pair {
		s.ready()
		c := newClient(t, s.url, seedStore, seedToken)
		c.awaitReady(http.StatusOK)
		if len(args) > 2 {
			if n := len(list[customer](c, "/customers").Data); n != 1 {
				t.Errorf("the seeded store has %d customers", n)
			}
		}
	}
	for _, s := range pair {
		s.stop()
		shown += strings.Count(s.out.String(), "Access token")
	}
	if stores := strings.Count(must(t, "store", "list", "--database", dsn), "\n") - 1; stores != 1 {
		t.Errorf("two servers made %d stores", stores)
	}
	if want := 1 - len(args)/4; shown != want {
		t.Errorf("secrets were shown %d times, want %d", shown, want)
	}
}
