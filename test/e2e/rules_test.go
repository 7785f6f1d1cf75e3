package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// ruledPeople are so many that a build takes several steps.
const ruledPeople = 6_000

var companies = map[bool]string{true: "Acme", false: "Other"}

// Servers are killed while they build the members of a rule and a client changes
// who meets it. The build goes on where it was, and in the end each customer is a
// member who meets the rule.
func TestKilledWhileRuleIsBuilt(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		c := s.client()
		acme := map[int]bool{} // by customer
		for id := 2; id <= ruledPeople; {
			var body []any
			for ; len(body) < 10 && id <= ruledPeople; id++ {
				acme[id] = id%2 == 0
				body = append(body, map[string]any{"email": fmt.Sprintf("p%d@example.com", id), "first_name": "P", "last_name": "P", "company": companies[acme[id]]})
			}
			c.call(http.StatusOK, http.MethodPost, "/customers", body)
		}
		made, err := decode[struct{ ID string }](c.call(http.StatusCreated, http.MethodPost, "/segments", []any{map[string]any{"name": "Companies"}}))
		if err != nil {
			t.Fatal(err)
		}
		segment := made.Data[0].ID
		rule := "/clientele/segments/" + segment + "/rule"
		ready := func() bool {
			var out struct{ Data struct{ State string } }
			if err := json.Unmarshal(s.client().call(http.StatusOK, http.MethodGet, rule, nil), &out); err != nil {
				t.Fatal(err)
			}
			return out.Data.State == "ready"
		}
		cut := 0
		for round := range 3 {
			text := "company != 'Acme'"
			if round%2 == 1 {
				text = "company = 'Acme'"
			}
			c = s.client()
			c.call(http.StatusOK, http.MethodPut, rule, map[string]any{"rule": text})
			var writer sync.WaitGroup
			unsure := 0 // whose change had no answer
			writer.Go(func() {
				for {
					id := 2 + rand.IntN(ruledPeople-1)
					to := !acme[id]
					status, answer, err := c.send(http.MethodPut, "/customers", []any{map[string]any{"id": id, "company": companies[to]}})
					if err != nil {
						unsure = id
						return // the server is gone
					}
					if status != http.StatusOK {
						t.Errorf("%d: %s", status, answer)
						return
					}
					acme[id] = to
				}
			})
			time.Sleep(time.Duration(10+rand.IntN(250)) * time.Millisecond)
			if !ready() {
				cut++
			}
			s.kill()
			writer.Wait()
			s.restart(t)
			if unsure != 0 {
				got := list[struct{ Company string }](s.client(), fmt.Sprint("/customers?id:in=", unsure))
				acme[unsure] = got.Data[0].Company == "Acme"
			}
		}
		if cut == 0 {
			t.Error("no build was cut off: nothing was put to the test")
		}
		for deadline := time.Now().Add(patience); !ready(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the rule is not built")
			}
		}
		c = s.client()
		wrong := func() (out []int) {
			members := map[int]bool{}
			for n, pages := 1, 1; n <= pages; n++ {
				got := list[struct {
					CustomerID int `json:"customer_id"`
				}](c, fmt.Sprintf("/segments/%s/shopper-profiles?limit=250&page=%d", segment, n))
				for _, p := range got.Data {
					members[p.CustomerID] = true
				}
				pages = got.Meta.Pagination.TotalPages
			}
			for id := 1; id <= ruledPeople; id++ {
				if members[id] == acme[id] { // the last rule is about all others
					out = append(out, id)
				}
			}
			return out
		}
		for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			bad := wrong()
			if len(bad) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d customers are wrong, as %v", len(bad), bad[:min(len(bad), 10)])
			}
		}
	})
}
