package v3_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/rest"
	"clientele/internal/rest/resttest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/sqldb"
)

// A surface only declares here; nothing is called.
func surface() *v3.Surface { return v3.New(v3.Services{}) }

func TestContract(t *testing.T) {
	resttest.Contract{Surface: surface(), Except: []string{surface().Prefix() + "/clientele"}}.Check(t)
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

// An operation that declares no query parameters refuses those it is sent.
func TestReadsRefuseUnknownParameters(t *testing.T) {
	b := newBackend(t, sqldb.SQLite)
	f := newFixture(t, b, "parameters")
	for _, r := range surface().Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		target := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString("/stores/foreign/v3"+r.Pattern, "1") + "?no_such_parameter=1"
		w := httptest.NewRecorder()
		in := httptest.NewRequestWithContext(t.Context(), r.Method, "http://example.com"+f.path(target), nil)
		in.Header.Set("X-Auth-Token", tokens["foreign"]) // which has all scopes
		f.server.ServeHTTP(w, in)
		if w.Code/100 != 4 || !strings.Contains(w.Body.String(), "no_such_parameter") {
			t.Errorf("GET %s: status %d, %s", target, w.Code, w.Body)
		}
	}
}
