package storefront_test

import (
	"slices"
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/rest/storefront"
)

// places are where the surface's routes are.
var places = []string{"/api/storefront/", "/login/token/", "/session-sync", "/customer/current.jwt"}

func TestRoutesAndParametersAreThoseOfTheDocument(t *testing.T) {
	served := map[string][]string{}
	for _, r := range storefront.New(storefront.Services{}).Routes() {
		served[r.Method+" "+r.Pattern] = r.Query
	}
	for _, op := range apitest.New(t).Operations() {
		if !slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(op.Path, p) }) {
			continue
		}
		name := op.Method + " " + op.Path
		query, ok := served[name]
		if !ok {
			t.Errorf("%s is documented and not served", name)
		}
		if !slices.Equal(query, op.Query) {
			t.Errorf("%s takes %q and is documented with %q", name, query, op.Query)
		}
		delete(served, name)
	}
	for name := range served {
		t.Errorf("%s is served and not documented", name)
	}
}
