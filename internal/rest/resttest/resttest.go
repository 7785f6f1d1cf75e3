// Package resttest holds surfaces of the management API to the API document:
// what is served is documented and the other way round, with the same query
// parameters and the same scopes.
package resttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"clientele/api"
	"clientele/api/apitest"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/serve"
	"clientele/internal/system"
)

// Contract is a surface with what it is held to.
type Contract struct {
	Surface rest.Surface
	// Except are prefixes of paths below that of the surface that others serve.
	Except []string
}

// Check runs the tests of the contract. Nothing is called.
func (c Contract) Check(t *testing.T) {
	t.Helper()
	t.Run("routes", c.routes)
	t.Run("parameters", c.parameters)
	t.Run("deletions", c.deletions)
	t.Run("scopes", c.scopes)
	t.Run("router", c.router)
}

func name(method, path string) string { return method + " " + path }

// sameNames compares two sets of names in both directions.
func sameNames(t *testing.T, subject string, documented, served []string) {
	t.Helper()
	for _, n := range served {
		if !slices.Contains(documented, n) {
			t.Errorf("%s: %q is served and not documented", subject, n)
		}
	}
	for _, n := range documented {
		if !slices.Contains(served, n) {
			t.Errorf("%s: %q is documented and not served", subject, n)
		}
	}
	for _, names := range [][]string{documented, served} {
		names = slices.Sorted(slices.Values(names))
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s: a name is there twice in %q", subject, names)
		}
	}
}

// documented returns the documented operations that are the surface's.
func (c Contract) documented(t *testing.T) []apitest.Operation {
	t.Helper()
	all := slices.DeleteFunc(apitest.New(t).Operations(), func(op apitest.Operation) bool {
		others := slices.ContainsFunc(c.Except, func(prefix string) bool { return strings.HasPrefix(op.Path, prefix+"/") })
		return others || !strings.HasPrefix(op.Path, c.Surface.Prefix()+"/")
	})
	if len(all) == 0 {
		t.Fatalf("the document has nothing below %s", c.Surface.Prefix())
	}
	return all
}

func (c Contract) routes(t *testing.T) {
	var documented, served []string
	for _, op := range c.documented(t) {
		documented = append(documented, name(op.Method, op.Path))
	}
	for _, r := range c.Surface.Routes() {
		served = append(served, name(r.Method, c.Surface.Prefix()+r.Pattern))
	}
	sameNames(t, "routes", documented, served)
}

func (c Contract) parameters(t *testing.T) {
	lists := map[string]*listing.Spec{}
	for _, r := range c.Surface.Routes() {
		lists[name(r.Method, c.Surface.Prefix()+r.Pattern)] = r.List
	}
	for _, op := range c.documented(t) {
		n := name(op.Method, op.Path)
		var served []string
		if spec := lists[n]; spec != nil {
			served = spec.Params()
		}
		sameNames(t, n, op.Query, served)
	}
}

// deletions checks that no operation that deletes by filters takes one without
// a value.
func (c Contract) deletions(t *testing.T) {
	for _, r := range c.Surface.Routes() {
		if r.Method != http.MethodDelete || r.List == nil {
			continue
		}
		for _, param := range r.List.Params() {
			for _, raw := range []string{"", "=", "=%20", "=+", "=a&" + param + "=", "=,"} {
				if raw == "=," && !strings.HasSuffix(param, ":in") {
					continue // a text
				}
				if _, err := r.List.Parse(param + raw); fault.As(err) == nil || fault.As(err).Kind != fault.BadFilter {
					t.Errorf("DELETE %s?%s%s: %v", r.Pattern, param, raw, err)
				}
			}
		}
	}
}

func (c Contract) scopes(t *testing.T) {
	text, err := api.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Surface.Routes() {
		path := c.Surface.Prefix() + r.Pattern
		var op struct {
			Scope []auth.Scope `json:"x-scope"`
		}
		if err := json.Unmarshal(doc.Paths[path][strings.ToLower(r.Method)], &op); err != nil {
			t.Errorf("%s %s: %v", r.Method, path, err)
			continue
		}
		if !slices.Equal(slices.Sorted(slices.Values(op.Scope)), slices.Sorted(slices.Values(r.Need))) {
			t.Errorf("%s %s: x-scope is %v, the route needs %v", r.Method, path, op.Scope, r.Need)
		}
		if len(r.Need) == 0 {
			t.Errorf("%s %s needs no scope", r.Method, path)
		}
	}
}

// router checks that the router itself holds nothing beyond the declared
// routes and HEAD for every GET.
func (c Contract) router(t *testing.T) {
	var documented []string
	for _, op := range c.documented(t) {
		documented = append(documented, name(op.Method, op.Path))
		if op.Method == http.MethodGet {
			documented = append(documented, name(http.MethodHead, op.Path))
		}
	}
	server := rest.NewServer(rest.Config{System: system.Real(), Pipeline: serve.New(serve.Config{System: system.Real()})}, c.Surface)
	var walked []string
	if err := chi.Walk(server.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		walked = append(walked, name(method, route))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	sameNames(t, "router", documented, walked)
}
