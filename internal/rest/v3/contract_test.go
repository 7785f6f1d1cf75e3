package v3_test

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
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
)

// A surface only declares here; nothing is called.
func surface() *v3.Surface { return v3.New(v3.Services{}) }

func operationName(method, path string) string { return method + " " + path }

// sameNames compares two sets of names in both directions.
func sameNames(t *testing.T, subject string, documented, served []string) {
	t.Helper()
	for _, name := range served {
		if !slices.Contains(documented, name) {
			t.Errorf("%s: %q is served and not documented", subject, name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(served, name) {
			t.Errorf("%s: %q is documented and not served", subject, name)
		}
	}
	for _, names := range [][]string{documented, served} {
		names = slices.Sorted(slices.Values(names))
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s: a name is there twice in %q", subject, names)
		}
	}
}

func documentedBelow(t *testing.T, prefix string) []apitest.Operation {
	t.Helper()
	all := slices.DeleteFunc(apitest.New(t).Operations(), func(op apitest.Operation) bool {
		return !strings.HasPrefix(op.Path, prefix)
	})
	if len(all) == 0 {
		t.Fatalf("the document has nothing below %s", prefix)
	}
	return all
}

func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	s := surface()
	var documented, served []string
	for _, op := range documentedBelow(t, s.Prefix()+"/") {
		documented = append(documented, operationName(op.Method, op.Path))
	}
	for _, r := range s.Routes() {
		served = append(served, operationName(r.Method, s.Prefix()+r.Pattern))
	}
	sameNames(t, "routes", documented, served)
}

func TestQueryParametersAreThoseOfTheDocument(t *testing.T) {
	s := surface()
	lists := v3.Lists()
	for _, op := range documentedBelow(t, s.Prefix()+"/") {
		name := operationName(op.Method, strings.TrimPrefix(op.Path, s.Prefix()))
		var served []string
		if spec := lists[name]; spec != nil {
			served = spec.Params()
		}
		delete(lists, name)
		sameNames(t, name, op.Query, served)
	}
	for name := range lists {
		t.Errorf("the list %q belongs to no documented operation", name)
	}
}

func TestScopesAreThoseOfTheDocument(t *testing.T) {
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
	s := surface()
	for _, r := range s.Routes() {
		path := s.Prefix() + r.Pattern
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

// The router itself holds nothing beyond the declared routes and HEAD for
// every GET.
func TestRouterHasNoUndocumentedRoute(t *testing.T) {
	var documented []string
	for _, op := range documentedBelow(t, "/stores/") {
		documented = append(documented, operationName(op.Method, op.Path))
		if op.Method == http.MethodGet {
			documented = append(documented, operationName(http.MethodHead, op.Path))
		}
	}
	w := (&backend{}).world(&clock{})
	server := rest.NewServer(rest.Config{System: w.sys}, surface())
	var walked []string
	err := chi.Walk(server.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		walked = append(walked, operationName(method, route))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sameNames(t, "router", slices.DeleteFunc(documented, func(name string) bool {
		return !strings.Contains(name, surface().Prefix()+"/")
	}), walked)
}

// Writes that create and those that update are what concurrency is capped by.
func TestClassesFollowMethods(t *testing.T) {
	want := map[string]rest.Class{"GET": rest.Plain, "POST": rest.Creating, "PUT": rest.Updating, "DELETE": rest.Plain}
	for _, r := range surface().Routes() {
		if r.Pattern != "/customers" && r.Pattern != "/customers/addresses" {
			continue
		}
		if r.Class != want[r.Method] {
			t.Errorf("%s %s is of class %d, want %d", r.Method, r.Pattern, r.Class, want[r.Method])
		}
	}
}
