package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// entry is what a test looks at of an entry.
type entry struct {
	ID         int64
	Action     string
	Surface    string
	Actor      struct{ Kind, Name string }
	Resource   struct{ Type string }
	CustomerID int64 `json:"customer_id"`
	Changes    []struct {
		Field         string
		Before, After any
	}
}

// entries returns the whole history, from the oldest.
func entries(t *testing.T, dsn string) (out []entry) {
	t.Helper()
	for line := range strings.Lines(must(t, "history", "list", "--store", seedStore, "--limit", "0", "--json", "--database", dsn)) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	slices.Reverse(out)
	return out
}

// Servers are killed while clients write: on PostgreSQL one of two on a database.
// Each write that was acknowledged has its entry, each that was not has one
// together with its effect or neither, no id is missing, and the chain that the
// servers seal meanwhile holds.
func TestKilledWhileHistoryIsWritten(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		must(t, "store", "create", "--hash", "other1", "--database", dsn)
		servers := []*server{serve(t, "--database", dsn)}
		if strings.HasPrefix(dsn, "postgres") {
			servers = append(servers, serve(t, "--database", dsn))
		}
		var groups [4][]int64 // who is changed together
		for i := range groups {
			for n := range 10 {
				groups[i] = append(groups[i], servers[0].client().create(fmt.Sprintf("kept%d-%d@example.com", i, n)).ID)
			}
		}
		var mu sync.Mutex
		var acked [len(groups)][]string // what notes were set to, in the order of the writes
		for round := range 3 {
			var all sync.WaitGroup
			for i, ids := range groups {
				c := servers[i%len(servers)].client()
				all.Go(func() {
					for n := 0; ; n++ {
						notes := fmt.Sprintf("%d-%d-%d", round, i, n)
						var body []any
						for _, id := range ids {
							body = append(body, map[string]any{"id": id, "notes": notes})
						}
						status, answer, err := c.send(http.MethodPut, "/customers", body)
						if err != nil {
							return // the server is gone
						}
						if status != http.StatusOK {
							t.Errorf("%d: %s", status, answer)
							return
						}
						mu.Lock()
						acked[i] = append(acked[i], notes)
						mu.Unlock()
					}
				})
			}
			time.Sleep(400*time.Millisecond + time.Duration(rand.IntN(200))*time.Millisecond)
			for _, s := range servers {
				s.kill()
			}
			all.Wait()
			for _, s := range servers {
				s.restart(t)
			}
		}
		list := entries(t, dsn)
		notes := map[int64][]string{}
		for i, e := range list {
			if e.ID != int64(i+1) {
				t.Fatalf("entry %d comes after %d others", e.ID, i)
			}
			if e.Action != "updated" {
				continue
			}
			if e.Actor.Kind != "api_account" || e.Surface != "v3" || len(e.Changes) != 1 || e.Changes[0].Field != "notes" {
				t.Fatalf("an update is %+v", e)
			}
			before, after := e.Changes[0].Before.(string), e.Changes[0].After.(string)
			if told := notes[e.CustomerID]; len(told) > 0 && told[len(told)-1] != before {
				t.Errorf("entry %d of customer %d goes from %q, where %q was", e.ID, e.CustomerID, before, told[len(told)-1])
			}
			notes[e.CustomerID] = append(notes[e.CustomerID], after)
		}
		c, total := servers[0].client(), 0
		for i, ids := range groups {
			for _, id := range ids {
				told, at := notes[id], 0
				for _, want := range acked[i] {
					for at < len(told) && told[at] != want {
						at++
					}
					if at == len(told) {
						t.Fatalf("the write %q to customer %d was acknowledged and has no entry", want, id)
					}
				}
				// Of each kill one write at most has an entry and had no answer.
				if extra := len(told) - len(acked[i]); extra > 3 {
					t.Errorf("customer %d has %d entries more than writes that were acknowledged", id, extra)
				}
				if p := notesOf(t, c, id); p != told[len(told)-1] {
					t.Errorf("customer %d has the notes %q, and the last entry says %q", id, p, told[len(told)-1])
				}
				total += len(told)
			}
		}
		if total < 100 {
			t.Errorf("only %d writes: nothing was put to the test", total)
		}
		out := must(t, "history", "verify", "--store", seedStore, "--database", dsn)
		for deadline := time.Now().Add(patience); !strings.Contains(out, "Checkpoint"); time.Sleep(time.Second) {
			if time.Now().After(deadline) {
				t.Fatalf("nothing is sealed:\n%s", out)
			}
			out = must(t, "history", "verify", "--store", seedStore, "--database", dsn)
		}
		if other := must(t, "history", "list", "--store", "other1", "--json", "--database", dsn); strings.Contains(other, "kept") {
			t.Errorf("the other store's history: %s", other)
		}
		t.Logf("%d entries, %d updates\n%s", len(list), total, out)
		for _, s := range servers {
			s.stop()
		}
	})
}

// notesOf returns a customer's notes.
func notesOf(t *testing.T, c *client, id int64) string {
	t.Helper()
	p := list[customer](c, fmt.Sprintf("/customers?id:in=%d", id))
	if len(p.Data) != 1 {
		t.Fatalf("customer %d is not there", id)
	}
	return p.Data[0].Notes
}

// historyCommands looks at the history by commands beside a server.
func historyCommands(t *testing.T, s *server, dsn string, cli func(args ...string) string) {
	t.Helper()
	tail := launch(t, t.TempDir(), nil, program(t), "history", "tail", "--store", seedStore, "--database", dsn, "--action", "updated", "--every", "20ms", "--json")
	seen := cli("history", "list", "--store", seedStore, "--limit", "1")
	c := s.client()
	made := c.create("history@example.com")
	for deadline := 0; ; deadline++ { // the command may not have begun yet
		c.call(http.StatusOK, http.MethodPut, "/customers", []any{map[string]any{"id": made.ID, "notes": strings.Repeat("tail ", deadline+1)}})
		if line := tail.out.String(); strings.Contains(line, `"before":"","after":"tail`) || strings.Contains(line, `"after":"tail tail`) {
			if !strings.HasPrefix(line, `{"id":`) || strings.Contains(line, `"action":"created"`) {
				t.Errorf("history tail prints %s", line)
			}
			break
		}
		if deadline > 500 {
			t.Fatalf("history tail prints %q", tail.out.String())
		}
	}
	tail.signal(syscall.SIGTERM)
	if tail.wait(); tail.code != 0 {
		t.Errorf("history tail ends with %d: %s", tail.code, tail.errs.String())
	}
	id := strconv.FormatInt(made.ID, 10)
	out := cli("history", "list", "--store", seedStore, "--customer", id, "--action", "created", "--resource", "customer", "--since", "1h")
	if r := row(t, out, "history@example.com"); !regexp.MustCompile(`^\d+$`).MatchString(r[0]) || r[2] != "api_account app" || r[3] != "v3" || r[4] != "created" || r[5] != "customer "+id || r[6] != id || strings.Count(out, "\n") != 2 {
		t.Errorf("history list prints\n%s", out)
	}
	if strings.Count(seen, "\n") != 2 || strings.Contains(seen, "history@example.com") {
		t.Errorf("the newest entry is\n%s", seen)
	}
	if out := cli("history", "list", "--store", seedStore, "--json", "--limit", "0", "--text", "HISTORY@", "--resource", "customer"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"customer_id":`+id) {
		t.Errorf("history list --json prints\n%s", out)
	}
	if out := cli("history", "list", "--store", seedStore, "--until", "2020-01-01T00:00:00Z"); strings.Count(out, "\n") != 1 {
		t.Errorf("before there was a store:\n%s", out)
	}
	for _, args := range [][]string{{"--action", "eaten"}, {"--since", "then"}, {"--limit", "-1"}, {"--actor", "me"}} {
		p := run(t, t.TempDir(), nil, append([]string{"history", "list", "--store", seedStore, "--database", dsn}, args...)...)
		if line := oneLine(t, p.errs.String()); p.code != 2 || !strings.Contains(line, args[1]) && !strings.Contains(line, args[0]) {
			t.Errorf("%q: exit code %d: %s", args, p.code, line)
		}
	}
}
