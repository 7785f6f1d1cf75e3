package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type creditEntry struct {
	ID      int64   `json:"id"`
	Kind    string  `json:"kind"`
	Amount  float64 `json:"amount"`
	Balance float64 `json:"balance"`
}

// Servers are killed while 64 clients spend and set the credit of a few
// customers. What was acknowledged is there, the balance is the sum of the
// entries and never below zero, and no number is missing.
func TestKilledWhileCreditIsSpent(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		const people = 3
		ids := make([]int64, people)
		paths := make([]string, people)
		for i := range people {
			ids[i] = s.client().create(fmt.Sprintf("credit%d@example.com", i)).ID
			paths[i] = fmt.Sprintf("/clientele/customers/%d/credit", ids[i])
		}
		var mu sync.Mutex
		acked := make([]map[int64]creditEntry, people) // by id
		for i := range acked {
			acked[i] = map[int64]creditEntry{}
		}
		var done, refused atomic.Int64
		for range 4 {
			c := s.client()
			var all sync.WaitGroup
			for w := range 64 {
				all.Go(func() {
					for {
						i := rand.IntN(people)
						if w%16 == 0 { // the documented way
							if _, _, err := c.send(http.MethodPut, "/customers", []any{map[string]any{"id": ids[i], "store_credit_amounts": []any{map[string]any{"amount": rand.IntN(20)}}}}); err != nil {
								return
							}
							continue
						}
						entry := map[string]any{"kind": "debit", "amount": 1.25, "reference": fmt.Sprint("order ", w)}
						if w%4 == 1 {
							entry = map[string]any{"kind": "credit", "amount": 2.5, "expires_at": time.Now().Unix() + 1 + rand.Int64N(3)}
						}
						status, answer, err := c.send(http.MethodPost, paths[i], entry)
						if err != nil {
							return // the server is gone
						}
						switch status {
						case http.StatusCreated:
							var out struct{ Data creditEntry }
							if err := json.Unmarshal(answer, &out); err != nil {
								t.Error(err)
								return
							}
							mu.Lock()
							acked[i][out.Data.ID] = out.Data
							mu.Unlock()
							done.Add(1)
						case http.StatusUnprocessableEntity:
							refused.Add(1)
						default:
							t.Errorf("status %d: %s", status, answer)
							return
						}
					}
				})
			}
			time.Sleep(300*time.Millisecond + time.Duration(rand.IntN(200))*time.Millisecond)
			s.kill()
			all.Wait()
			s.restart(t)
		}
		c := s.client()
		for i := range people {
			// In one look, so that nothing expires in between.
			entries := readLedger(t, c, paths[i])
			sum := 0.0
			for n, e := range entries {
				sum = math.Round((sum+e.Amount)*10_000) / 10_000
				if e.ID != int64(n+1) || e.Balance != sum || sum < 0 {
					t.Fatalf("entry %d of customer %d is %+v, where the sum is %v", n+1, ids[i], e, sum)
				}
			}
			for id, want := range acked[i] {
				if id > int64(len(entries)) || entries[id-1] != want {
					t.Errorf("the entry %+v of customer %d was acknowledged and is not there", want, ids[i])
				}
			}
		}
		if done.Load() == 0 || refused.Load() == 0 {
			t.Errorf("%d entries and %d refusals: nothing was put to the test", done.Load(), refused.Load())
		}
		t.Logf("%d entries, %d refusals", done.Load(), refused.Load())

		// The balance that is kept is that of the last entry, once all has expired.
		cli := func(args ...string) string {
			t.Helper()
			return must(t, append([]string{"credit", args[0], "--database", dsn, "--store", seedStore}, args[1:]...)...)
		}
		id := fmt.Sprint(ids[0])
		for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			var kept page[struct {
				Credit []struct{ Amount float64 } `json:"store_credit_amounts"`
			}]
			if err := json.Unmarshal(c.call(http.StatusOK, http.MethodGet, "/customers?id:in="+id+"&include=storecredit", nil), &kept); err != nil {
				t.Fatal(err)
			}
			entries := readLedger(t, c, paths[0])
			if entries[len(entries)-1].Balance == kept.Data[0].Credit[0].Amount {
				break
			}
			if time.Now().After(deadline) { // something expired between the two looks, again and again
				t.Fatalf("the balance is %v, the last entry %+v", kept.Data[0].Credit, entries[len(entries)-1])
			}
		}

		// An operator does the same by commands.
		cli("add", id, "credit", "100.5", "--reason", "A late parcel", "--expires", "2190-01-02T00:00:00Z")
		out := cli("add", id, "debit", "0.25", "--reference", "order 9")
		if !strings.Contains(out, ": -0.25. The balance is ") {
			t.Errorf("a debit says %q", out)
		}
		var debit int64
		for _, e := range readLedger(t, c, paths[0]) {
			if e.Kind == "debit" {
				debit = e.ID
			}
		}
		cli("add", id, "revert", fmt.Sprint(debit))
		cli("add", id, "adjust", "--", "-0.5")
		out = cli("list", id, "--limit", "30")
		// Credit may expire at any moment.
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(out), "\n"), func(s string) bool { return strings.Contains(s, " expire ") })
		if len(lines) < 5 || !strings.Contains(lines[1], "adjust") || !strings.Contains(lines[2], "revert") || !strings.Contains(lines[3], "order 9") || !strings.Contains(lines[4], "A late parcel") {
			t.Errorf("the list is\n%s", out)
		}
		for _, c := range []struct {
			code int
			say  string
			args []string
		}{
			{1, "not enough store credit", []string{"add", id, "debit", "9999"}},
			{2, "is no amount", []string{"add", id, "debit", "much"}},
			{2, "is no amount", []string{"add", id, "debit", "1.00001"}},
			{2, "--expires", []string{"add", id, "credit", "1", "--expires", "tomorrow"}},
			{1, "no such customer", []string{"list", "999999"}},
		} {
			p := run(t, t.TempDir(), nil, append(append([]string{"credit"}, c.args...), "--database", dsn, "--store", seedStore)...)
			if line := oneLine(t, p.errs.String()); p.code != c.code || !strings.Contains(line, c.say) {
				t.Errorf("%q: exit code %d, %q does not say %q", c.args, p.code, line, c.say)
			}
		}
		s.stop()
	})
}

// readLedger returns all entries of a customer's ledger, the oldest first.
func readLedger(t *testing.T, c *client, path string) []creditEntry {
	t.Helper()
	var out []creditEntry
	query := "?limit=250"
	for {
		var p page[creditEntry]
		if err := json.Unmarshal(c.call(http.StatusOK, http.MethodGet, path+query, nil), &p); err != nil {
			t.Fatal(err)
		}
		out = append(p.Data, out...)
		next := ""
		if p.Meta.Cursors != nil {
			next = p.Meta.Cursors.Links["next"]
		}
		if next == "" {
			break
		}
		query = next
	}
	// Pages come newest first.
	sorted := make([]creditEntry, 0, len(out))
	seen := map[int64]creditEntry{}
	for _, e := range out {
		seen[e.ID] = e
	}
	for id := int64(1); id <= int64(len(seen)); id++ {
		e, ok := seen[id]
		if !ok {
			t.Fatalf("entry %d is not there", id)
		}
		sorted = append(sorted, e)
	}
	return sorted
}
