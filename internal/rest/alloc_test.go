//go:build !race

package rest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"clientele/internal/rest"
)

// still is an http.ResponseWriter that keeps nothing.
type still struct{ h http.Header }

func (s still) Header() http.Header       { return s.h }
func (still) WriteHeader(int)             {}
func (still) Write(p []byte) (int, error) { return len(p), nil }

// allocations is what a request to an operation that does nothing costs, from
// the router to the log.
const allocations = 13

func TestAllocationsOfARequest(t *testing.T) {
	e := newEnv(t, options{limits: rest.Limits{Quota: 1 << 40, Window: 1 << 40}})
	page := []byte(emptyPage)
	e.stub.does(func(c *rest.Call) error { c.Send(200, page); return nil })
	r := httptest.NewRequest("GET", customers, nil)
	r.Header.Set("X-Auth-Token", one)
	w := still{http.Header{}}
	ask := func() { clear(w.h); e.server.ServeHTTP(w, r) }
	ask()
	if n := testing.AllocsPerRun(2000, ask); n > allocations {
		t.Errorf("%v allocations, want %d", n, allocations)
	}
}
