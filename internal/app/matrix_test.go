package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"clientele/internal/account"
	"clientele/internal/rest"
	"clientele/internal/rest/storefront"
	v2 "clientele/internal/rest/v2"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/sqldb"
)

// Whoever calls any route with any kind of credential gets what the tables of
// the matrix say, sees nothing of another store, and changes nothing. Routes,
// root fields and kinds of credentials are those of the program itself, so
// that one without a row is found.
func TestMatrix(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			w := newMatrixWorld(t, e)
			routes := w.walk()
			before := w.snapshot(routes)
			w.checkTables(routes)
			w.checkShops(routes)
			w.checkAsks()
			w.management(routes)
			w.storefronts()
			w.graphql()
			w.open()
			w.compare(before, w.snapshot(routes))
			t.Logf("%d routes, %d requests", len(routes), w.peers)
		})
	}
}

const (
	prefixV3 = "/stores/{store_hash}/v3"
	prefixV2 = "/stores/{store_hash}/v2"
	mirrorV2 = "/api/v2"
	// adminGraph is a route and no prefix.
	adminGraph = "/stores/{store_hash}/graphql"
)

// route is one that the program serves. key names its row.
type route struct{ method, pattern, key, below string }

func (r route) managed() bool  { return r.below != "" }
func (r route) mirrored() bool { return strings.HasPrefix(r.pattern, mirrorV2) }

// walk returns all routes of the assembled program.
func (w *matrixWorld) walk() []route {
	w.t.Helper()
	var out []route
	err := chi.Walk(w.h.(*rest.Server).Router(), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		r := route{method: method, pattern: pattern, key: method + " " + pattern}
		for prefix, version := range map[string]string{prefixV3: "V3", prefixV2: "V2", mirrorV2: "V2"} {
			if below, ok := strings.CutPrefix(pattern, prefix); ok {
				r.below, r.key = below, method+" "+version+" "+below
				if method == http.MethodHead {
					r.key = "GET " + version + " " + below
				}
			}
		}
		if pattern == adminGraph {
			r.below, r.key = "/graphql", method+" Admin /graphql"
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// checkTables holds the declared rows against the routes.
func (w *matrixWorld) checkTables(routes []route) {
	w.t.Helper()
	served := map[string]bool{}
	for _, r := range routes {
		served[r.key] = true
		if _, ok := management[r.key]; r.managed() && !ok {
			w.t.Errorf("the route %s %s has no row: declare in the table \"management\" who may call it and what it answers about another store's things", r.method, r.pattern)
		}
	}
	for key := range management {
		if !served[key] {
			w.t.Errorf("the row %q is of no route", key)
		}
	}
	// What the surfaces declare is what the router has.
	for version, surface := range map[string]rest.Surface{"V3": v3.New(v3.Services{}), "V2": v2.New(v2.Services{}, nil, "")} {
		for _, r := range surface.Routes() {
			if !served[r.Method+" "+version+" "+r.Pattern] {
				w.t.Errorf("%s %s of %s is declared but not served", r.Method, r.Pattern, version)
			}
		}
	}
	for _, r := range storefront.New(storefront.Services{}).Routes() {
		if !served[r.Method+" "+r.Pattern] {
			w.t.Errorf("%s %s is declared but not served", r.Method, r.Pattern)
		}
	}
}

// path fills in a pattern's parameters: with things of a store that both
// have, or with those that the other one alone has.
func (w *matrixWorld) path(r route, hash string, theirs bool) string {
	id, of := "1", hash
	if theirs {
		id, of = strconv.Itoa(foreign), away
	}
	n, _ := strconv.Atoi(id)
	params := map[string]string{
		"store_hash": hash, "segmentId": uuid(of, 1, n), "shopperProfileId": uuid(of, 2, n), "token": instrumentToken(of, n), "country_id": "226", "state_id": "1",
		"product_id": strconv.Itoa(1000 + n), // of an order
	}
	if strings.Contains(r.below, "/form-fields/") {
		params["id"] = w.field[of]
	}
	if !theirs {
		params["template-name"] = "createaccount_email"
	}
	parts := strings.Split(r.pattern, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			if parts[i] = params[name]; parts[i] == "" {
				parts[i] = id
			}
			if name == "delivery_id" {
				parts[i] = w.delivery[of+id]
			}
		}
	}
	return strings.Join(parts, "/")
}

// caller is somebody who calls the management API.
type caller struct {
	name   string
	header http.Header // on the gateway
	basic  http.Header // on a store's own domain
	// scopes are those of an account of the store; others have none.
	scopes []string
	// wide: the account may do all.
	wide bool
	// path is the store in the path, if it is not home.
	path string
}

// may reports what a caller is answered.
func (c *caller) expect(need []string, want int) int {
	switch {
	case c.scopes == nil:
		return http.StatusUnauthorized
	case c.wide, slices.ContainsFunc(need, func(s string) bool { return slices.Contains(c.scopes, s) }):
		return want
	}
	return http.StatusForbidden
}

func basic(user, token string) http.Header {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, token)
	return r.Header
}

// callers returns one of each kind.
func (w *matrixWorld) callers() []caller {
	var out []caller
	add := func(name, user, token string, scopes ...string) {
		c := caller{name: name, header: http.Header{"X-Auth-Token": {token}}, basic: basic(user, token)}
		if len(scopes) > 0 {
			c.scopes = append(scopes, "default")
		}
		out = append(out, c)
	}
	out = append(out, caller{name: "nobody"})
	add("an empty token", "full", "")
	add("a malformed token", "full", `{"a":1}' OR 1=1 --`)
	add("a long token", "full", strings.Repeat("x", 10_000))
	add("a random token", "full", "0123456789abcdefghijklmnopqrstu")
	add("another store's token", "full", away+"-full-token")
	add("a token in capitals", "full", strings.ToUpper(home+"-full-token"))
	add("a revoked token", "revoked", home+"-revoked-token")
	add("a client id", "full", home+"-full")
	add("a client secret", "full", home+"-secret-of-the-app")
	add("a storefront token", "full", w.storefrontToken(home, "", ""))
	add("a private token", "full", w.storefrontToken(home, "-private", `,"scopes":["Unauthenticated","Customer"]`))
	add("an impersonation token", "full", w.storefrontToken(home, "-customer-impersonation", ""))
	add("a shopper's session", "full", w.session(home, 1, account.Browser, 1))
	add("a customer access token", "full", w.session(home, 1, account.AccessToken, 1))
	out = append(out,
		caller{name: "a token in the wrong header", header: http.Header{"Authorization": {"Bearer " + home + "-full-token"}}, basic: http.Header{"Authorization": {"Bearer " + home + "-full-token"}}},
		caller{name: "a token as a cookie", header: http.Header{"Cookie": {"X-Auth-Token=" + home + "-full-token"}}, basic: http.Header{"X-Auth-Token": {home + "-full-token"}}},
		caller{name: "a token in another store's path", header: http.Header{"X-Auth-Token": {home + "-full-token"}}, basic: basic("full", home+"-full-token"), path: away},
		caller{name: "a token in no store's path", header: http.Header{"X-Auth-Token": {home + "-full-token"}}, basic: basic("full", home+"-full-token"), path: "nowhere"},
	)
	for _, s := range scopes(w.t) {
		add("the scope "+s, s, home+"-"+s+"-token", s)
	}
	add("all scopes", "full", home+"-full-token", "all")
	out[len(out)-1].wide = true
	return out
}

// send calls a route as a caller.
func (w *matrixWorld) send(r route, c *caller, path, body string) answer {
	if !r.mirrored() {
		return w.call("api.example", r.method, path, body, c.header)
	}
	hash := home
	if c.path != "" {
		hash = c.path
	}
	return w.call(host(hash, 1), r.method, path, body, c.basic)
}

// management calls every route of the management API as every kind of caller.
func (w *matrixWorld) management(routes []route) {
	w.t.Helper()
	callers := w.callers()
	for _, r := range routes {
		row, ok := management[r.key]
		if !r.managed() || !ok {
			continue
		}
		for i := range callers {
			c := &callers[i]
			if r.method == http.MethodHead && c.scopes != nil && !c.wide {
				continue // it is the reading of which the body is left out
			}
			hash := home
			if c.path != "" {
				hash = c.path
			}
			want := c.expect(row.need, row.want)
			got := w.send(r, c, w.probe(r, row, hash), row.body)
			name := fmt.Sprintf("%s %s as %s", r.method, r.pattern, c.name)
			if got.status != want {
				w.t.Errorf("%s: %d, want %d: %.300s", name, got.status, want, got.body)
			}
			if got.tells(away) || want != row.want && got.tells(home) {
				w.t.Errorf("%s: the answer shows what is a store's own: %.500s", name, got.text())
			}
		}
		if r.method != http.MethodGet {
			continue
		}
		for _, hash := range []string{home, away} {
			got := w.own(r, row, hash)
			name := fmt.Sprintf("%s %s of %s", r.method, r.pattern, hash)
			other := map[string]string{home: away, away: home}[hash]
			want := http.StatusOK
			if row.none {
				want = row.want
			}
			switch {
			case got.status != want:
				w.t.Errorf("%s: %d: %.300s", name, got.status, got.body)
			case got.tells(other):
				w.t.Errorf("%s shows what is %s's: %.500s", name, other, got.text())
			case row.shows && !got.shows(hash):
				w.t.Errorf("%s shows nothing of its store: %.500s", name, got.body)
			case !row.shows && !row.plain:
				w.t.Errorf("%s is declared to show nothing, and not to be plain", name)
			}
		}
	}
}

// probe is the path that asks for things of the other store.
func (w *matrixWorld) probe(r route, row admission, hash string) string {
	if r.method == http.MethodGet || r.method == http.MethodHead || strings.HasPrefix(row.probe, "?") || row.probe == "" {
		return w.path(r, hash, true) + row.probe
	}
	return strings.ReplaceAll(row.probe, "{store_hash}", hash)
}

// own asks for what a store has, as an account that may see all.
func (w *matrixWorld) own(r route, row admission, hash string) answer {
	token := hash + "-full-token"
	if r.mirrored() {
		return w.call(host(hash, 1), r.method, w.path(r, hash, false)+row.own, "", basic("full", token))
	}
	return w.full(hash, r.method, strings.TrimPrefix(w.path(r, hash, false), "/stores/"+hash)+row.own, "")
}

// snapshot is what both stores have, as far as it can be read.
func (w *matrixWorld) snapshot(routes []route) map[string]string {
	out := map[string]string{}
	for _, r := range routes {
		row, ok := management[r.key]
		if !ok || r.method != http.MethodGet || r.mirrored() || row.moves {
			continue
		}
		for _, hash := range []string{home, away} {
			out[r.key+" of "+hash] = w.own(r, row, hash).body
			if hash == away {
				out[r.key+" of theirs"] = w.full(away, r.method, strings.TrimPrefix(w.path(r, away, true), "/stores/"+away)+row.own, "").body
			}
		}
	}
	return out
}

func (w *matrixWorld) compare(before, after map[string]string) {
	w.t.Helper()
	// A consent that is given again is of that time.
	given := regexp.MustCompile(`("deny":\[[^]]*\],"updated_at":)"[^"]*"`)
	for key, was := range before {
		if strings.HasPrefix(key, "GET V3 /clientele/history of ") {
			// Sign-ins, and what was refused of them, are no changes of others.
			old, now := changesOf(w.t, was), changesOf(w.t, after[key])
			if len(now) == 0 {
				w.t.Errorf("%s has no changes", key)
			}
			old = old[:min(len(old), len(now))] // others push the oldest off the page
			was, after[key] = fmt.Sprint(old), fmt.Sprint(now)
		}
		if given.ReplaceAllString(after[key], "$1") != given.ReplaceAllString(was, "$1") {
			w.t.Errorf("%s was changed by requests that had nothing to change\nfrom %.600s\nto   %.600s", key, was, after[key])
		}
	}
}

// changesOf returns the entries of a history that are of changes.
func changesOf(t *testing.T, body string) []map[string]any {
	t.Helper()
	var in struct {
		Data []map[string]any `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	in.Data = slices.DeleteFunc(in.Data, func(e map[string]any) bool {
		if of, _ := e["resource"].(map[string]any); of["type"] == "storefront_token" || of["type"] == "storefront_key" {
			return true // rows of the matrix make some
		}
		return slices.Contains([]any{"signed_in", "sign_in_failed", "locked_out", "signed_out", "token_refused", "ended", "link_sent"}, e["action"])
	})
	return in.Data
}
