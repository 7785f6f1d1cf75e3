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
		f.Management.ServeHTTP(w, in)
		if w.Code/100 != 4 || !strings.Contains(w.Body.String(), "no_such_parameter") {
			t.Errorf("GET %s: status %d, %s", target, w.Code, w.Body)
		}
	}
}

// A filter without a value, as of a variable that was empty, deletes nothing:
// a customer without a first name is not meant by first_name=.
func TestDeletionsNeedTheirValues(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			f := newFixture(t, newBackend(t, e), "deletions")
			count := func() string {
				a, err := f.do(t.Context(), request{method: http.MethodGet, target: "/customers/subscribers?limit=1", token: tokens["owner"]})
				if err != nil {
					t.Fatal(err)
				}
				return regexp.MustCompile(`"total":\d+`).FindString(string(a.body))
			}
			if a, err := f.do(t.Context(), request{method: http.MethodPost, target: "/customers/subscribers", token: tokens["owner"], body: []byte(`{"email":"nameless@example.com"}`)}); err != nil || a.status != http.StatusOK {
				t.Fatalf("%d %s, %v", a.status, a.body, err)
			}
			before := count()
			if before == "" || before == `"total":0` {
				t.Fatalf("the store has %q subscribers", before)
			}
			n := 0
			for _, r := range surface().Routes() {
				if r.Method != http.MethodDelete || r.List == nil {
					continue
				}
				for _, param := range r.List.Params() {
					n++
					target := strings.ReplaceAll(r.Pattern, "{segmentId}", "10111213-1415-4617-9819-1a1b1c1d1e1f") + "?" + param + "="
					want, token := http.StatusUnprocessableEntity, "owner"
					switch r.Pattern {
					case "/tax/customers": // the status is documented of these filters
						target, want, token = "/stores/foreign/v3"+target, http.StatusBadRequest, "foreign"
					case "/pricelists/assignments", "/marketing/email-templates/{template-name}":
						target, token = "/stores/foreign/v3"+target, "foreign"
					}
					a, err := f.do(t.Context(), request{method: r.Method, target: target, token: tokens[token]})
					if err != nil || a.status != want || !strings.Contains(string(a.body), `"`+param+`":"a filter of what is deleted needs a value"`) {
						t.Errorf("DELETE %s: %d %s, %v", target, a.status, a.body, err)
					}
				}
			}
			if after := count(); n < 14 || after != before {
				t.Errorf("%d filters, %s before and %s after", n, before, after)
			}
		})
	}
}
