package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A mirror is killed while it copies and while it follows, and the store that it is
// of changes all the time: a moment after that ends, both sides are equal. With
// MIRROR=full it has ten thousand customers, who change for a minute.
func TestMirror(t *testing.T) {
	t.Parallel()
	people, length, full := 400, 6*time.Second, os.Getenv("MIRROR") == "full"
	if full {
		people, length = 10_000, time.Minute
	}
	engines(t, func(t *testing.T, dsn string) {
		e := sqldb.Postgres
		if strings.HasPrefix(dsn, "sqlite:") {
			e = sqldb.SQLite
		}
		source := dbtest.MigratedDSN(t, e)
		seeded(t, source)
		must(t, "store", "create", "--database", dsn, "--name", "Here", "--hash", "here")
		there, here := serve(t, "--database", source), serve(t, "--database", dsn)
		w := &changer{t: t, c: there.client(), random: rand.New(rand.NewPCG(11, 11))}
		w.fill(people)

		args := []string{"--database", dsn, "--store", "here", "--from", there.url + "/stores/" + seedStore, "--token", seedToken}
		mirror := func() *process {
			return launch(t, t.TempDir(), nil, program(t), append([]string{"mirror", "--callback", here.url}, args...)...)
		}
		var stop atomic.Bool
		var writing sync.WaitGroup
		writing.Go(func() {
			for !stop.Load() {
				w.some()
			}
		})
		m := mirror()
		time.Sleep(400 * time.Millisecond)
		m.kill()
		m = mirror()
		time.Sleep(length / 2)
		m.kill()
		m = mirror()
		time.Sleep(length / 2)
		stop.Store(true)
		writing.Wait()
		stopped := time.Now()
		var diff *process
		for {
			diff = run(t, "", nil, append([]string{"mirror", "diff"}, args...)...)
			if diff.code == 0 || time.Since(stopped) > time.Minute {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		took := time.Since(stopped)
		t.Logf("%d writes; equal %.1f s after the last one", w.done, took.Seconds())
		if diff.code != 0 {
			t.Errorf("after a minute: %s%s", diff.out.String(), diff.errs.String())
		}
		if full && took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		status := run(t, "", nil, "mirror", "status", "--database", dsn, "--store", "here")
		if status.code != 0 || !strings.Contains(status.out.String(), "In line") || strings.Contains(status.out.String(), seedToken) {
			t.Errorf("%s%s", status.out.String(), status.errs.String())
		}
		t.Log(status.out.String())
		m.signal(syscall.SIGTERM)
		m.wait()
		if m.code != 0 || strings.Contains(m.errs.String(), seedToken) {
			t.Errorf("exits with %d: %s", m.code, m.errs.String())
		}
		if hooks := string(w.c.call(200, "GET", "/hooks", nil)); strings.Contains(hooks, "_clientele/mirror") {
			t.Errorf("webhooks are left: %s", hooks)
		}
		if out := run(t, "", nil, append([]string{"mirror", "end"}, args...)...); out.code != 0 {
			t.Error(out.errs.String())
		}
	})
}

// changer changes a store at random by its API.
type changer struct {
	t      *testing.T
	c      *client
	random *rand.Rand
	next   int
	done   int

	customers, addresses, subscribers []int64
	metafields                        map[int64]int64 // whose they are
	attribute                         int64
}

// do makes a request that may be refused, as two may want one address.
func (w *changer) do(method, path string, body any) json.RawMessage {
	status, answer, err := w.c.send(method, path, body)
	if err != nil || status >= 500 {
		w.t.Errorf("%s %s: %d %s %v", method, path, status, answer, err)
		return nil
	}
	w.done++
	var out struct{ Data json.RawMessage }
	if status >= 300 || len(answer) == 0 || json.Unmarshal(answer, &out) != nil {
		return nil
	}
	return out.Data
}

func ids(data json.RawMessage) (out []int64) {
	var rows []struct{ ID int64 }
	if json.Unmarshal(data, &rows) != nil {
		var row struct{ ID int64 }
		if json.Unmarshal(data, &row) == nil && row.ID != 0 {
			return []int64{row.ID}
		}
	}
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

func (w *changer) person() map[string]any {
	w.next++
	p := map[string]any{"email": fmt.Sprintf("m%d@example.com", w.next), "first_name": "M", "last_name": fmt.Sprint("N", w.next)}
	if w.next%3 == 0 {
		p["addresses"] = []any{w.address(0)}
	}
	return p
}

func (w *changer) address(customer int64) map[string]any {
	a := map[string]any{"first_name": "A", "last_name": "B", "address1": fmt.Sprintf("%d Road", w.random.IntN(1_000_000)), "city": "Austin", "state_or_province": "Texas", "postal_code": "78701", "country_code": "US"}
	if customer != 0 {
		a["customer_id"] = customer
	}
	return a
}

func (w *changer) fill(n int) {
	w.metafields = map[int64]int64{}
	w.attribute = ids(w.do("POST", "/customers/attributes", []any{map[string]any{"name": "Mood", "type": "string"}}))[0]
	for len(w.customers) < n {
		var some []any
		for range 10 {
			some = append(some, w.person())
		}
		w.customers = append(w.customers, ids(w.do("POST", "/customers", some))...)
	}
	for i := range n / 10 {
		w.subscribers = append(w.subscribers, ids(w.do("POST", "/customers/subscribers", map[string]any{"email": fmt.Sprintf("s%d@example.com", i)}))...)
	}
}

func oneOf(random *rand.Rand, ids []int64) int64 { return ids[random.IntN(len(ids))] }

// some does one thing.
func (w *changer) some() {
	of := oneOf(w.random, w.customers)
	switch n := w.random.IntN(100); {
	case n < 15:
		w.customers = append(w.customers, ids(w.do("POST", "/customers", []any{w.person()}))...)
	case n < 40:
		w.do("PUT", "/customers", []any{map[string]any{"id": of, "first_name": fmt.Sprint("F", w.random.IntN(1000)), "notes": fmt.Sprint(w.random.IntN(1000))}})
	case n < 45: // an email that another one may have had
		w.do("PUT", "/customers", []any{map[string]any{"id": of, "email": fmt.Sprintf("m%d@example.com", 1+w.random.IntN(w.next))}})
	case n < 57:
		w.addresses = append(w.addresses, ids(w.do("POST", "/customers/addresses", []any{w.address(of)}))...)
	case n < 67 && len(w.addresses) > 0:
		w.do("PUT", "/customers/addresses", []any{map[string]any{"id": oneOf(w.random, w.addresses), "city": fmt.Sprint("City ", w.random.IntN(100))}})
	case n < 70 && len(w.addresses) > 0:
		w.do("DELETE", fmt.Sprintf("/customers/addresses?id:in=%d", oneOf(w.random, w.addresses)), nil)
	case n < 80:
		w.do("PUT", "/customers/attribute-values", []any{map[string]any{"customer_id": of, "attribute_id": w.attribute, "value": fmt.Sprint(w.random.IntN(50))}})
	case n < 85:
		w.next++
		w.subscribers = append(w.subscribers, ids(w.do("POST", "/customers/subscribers", map[string]any{"email": fmt.Sprintf("t%d@example.com", w.next)}))...)
	case n < 88:
		w.do("PUT", fmt.Sprintf("/customers/subscribers/%d", oneOf(w.random, w.subscribers)), map[string]any{"first_name": fmt.Sprint("S", w.random.IntN(100)), "consents": []string{}})
	case n < 90:
		w.do("DELETE", fmt.Sprintf("/customers/subscribers/%d", oneOf(w.random, w.subscribers)), nil)
	case n < 95:
		for _, id := range ids(w.do("POST", fmt.Sprintf("/customers/%d/metafields", of), map[string]any{"permission_set": "read", "namespace": "n", "key": fmt.Sprint("k", w.random.IntN(10)), "value": fmt.Sprint(w.random.IntN(100))})) {
			w.metafields[id] = of
		}
	case n < 97:
		for id, owner := range w.metafields {
			w.do("DELETE", fmt.Sprintf("/customers/%d/metafields/%d", owner, id), nil)
			delete(w.metafields, id)
			break
		}
	default:
		w.do("DELETE", fmt.Sprintf("/customers?id:in=%d", of), nil)
	}
}
