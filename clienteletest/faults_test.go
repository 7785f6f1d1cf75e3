package clienteletest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/clienteletest"
)

// Faults and requests are those of one test, whatever others do at once.
func TestFaultsAndRequestsAreOneTests(t *testing.T) {
	t.Parallel()
	for i := 1; i <= 4; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			shop := clienteletest.New(t)
			fault := shop.Fault(clienteletest.Rule{
				Match:  clienteletest.Match{Surface: "v3", Route: "/customers", Method: "GET"},
				Effect: clienteletest.Effect{Status: &clienteletest.Status{Code: 503, RetryAfter: i}, Delay: &clienteletest.Delay{Fixed: time.Millisecond}},
				Times:  int64(i),
			})
			for n := range 2 * i {
				want := 200
				if n < i {
					want = 503
				}
				if status, text := shop.Do("GET", "/v3/customers", nil); status != want {
					t.Errorf("request %d: %d %s", n, status, text)
				}
			}
			shop.Do("GET", "/v3/customers/addresses", nil)
			if seen, fired := fault.Counts(); seen != int64(2*i) || fired != int64(i) {
				t.Errorf("the fault has seen %d and hit %d", seen, fired)
			}
			if got := shop.Requests(clienteletest.Filter{Fault: fault.ID}); len(got) != i || got[0].Status != 503 || got[0].Route != "/customers" {
				t.Errorf("%+v", got)
			}
			unmatched := false
			if got := shop.Requests(clienteletest.Filter{Status: 200, Unmatched: &unmatched}); len(got) != i+1 || got[0].ID < got[1].ID {
				t.Errorf("%+v", got)
			}
			fault.Remove()
			shop.Reset()
			if got := shop.Requests(clienteletest.Filter{}); len(got) != 0 {
				t.Errorf("after a reset there are %+v", got)
			}
		})
	}
}

// More requests than one answer holds are returned.
func TestAllRequestsAreReturned(t *testing.T) {
	t.Parallel()
	shop := clienteletest.New(t)
	for range 251 {
		shop.Do("GET", "/v3/customers?limit=1", nil)
	}
	got := shop.Requests(clienteletest.Filter{Surface: "v3"})
	if len(got) != 251 || got[250].ID != 1 {
		t.Error(len(got))
	}
}

// told keeps what a test is told, and goes on.
type told struct {
	testing.TB
	text string
}

func (t *told) Errorf(format string, args ...any) { t.text = fmt.Sprintf(format, args...) }

func TestExpect(t *testing.T) {
	t.Parallel()
	keep := &told{TB: t}
	shop := clienteletest.New(keep)
	shop.Do("POST", "/v3/customers", `[{"email":"ada@example.com","first_name":"A","last_name":"B"}]`)
	shop.Expect(1, clienteletest.Filter{Method: "POST", Route: "/customers", Email: "ada@example.com"})
	if keep.text != "" {
		t.Error(keep.text)
	}
	shop.Expect(1, clienteletest.Filter{Method: "PUT", Route: "/customers"})
	if !strings.Contains(keep.text, "0 requests match, want 1") || !strings.Contains(keep.text, "method: want PUT, got POST") {
		t.Error(keep.text)
	}
}
