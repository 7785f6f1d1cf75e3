package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/rest/storefront"
	"clientele/internal/sqldb"
)

// Every operation that writes takes an Idempotency-Key: its repeat is answered
// by the same bytes. Routes and bodies are those of the program and its
// document, so that new ones are found.
func TestIdempotencyOfEveryWrite(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			w := newMatrixWorld(t, e)
			w.badKeys()
			w.repeats()
		})
	}
}

// keyed calls a path below the management API, or of the first storefront as a
// shopper who is signed in.
func (w *matrixWorld) keyed(method, path, key, body, cookie string) answer {
	w.t.Helper()
	header := http.Header{"Idempotency-Key": {key}}
	if strings.HasPrefix(path, "/stores/") {
		header.Set("X-Auth-Token", home+"-full-token")
		return w.call("api.example", method, path, body, header)
	}
	h := host(home, 1)
	header.Set("Origin", "http://"+h)
	header.Set("Sec-Fetch-Site", "same-origin")
	if strings.HasPrefix(path, mirrorV2) {
		maps.Copy(header, basic("full", home+"-full-token"))
	} else if cookie != "" {
		header.Set("Cookie", "SHOP_SESSION_TOKEN="+cookie)
	}
	return w.call(h, method, path, body, header)
}

// badKeys sends each write what is no key: that is refused before anything is
// done.
func (w *matrixWorld) badKeys() {
	w.t.Helper()
	session := w.session(home, 1, account.Browser, 1)
	n := 0
	for _, r := range w.walk() {
		if !r.managed() || r.method == http.MethodGet || r.method == http.MethodHead || r.below == "/graphql" {
			continue
		}
		n++
		got := w.keyed(r.method, w.path(r, home, false), "no key", "", "")
		if got.status != http.StatusBadRequest && got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "Idempotency-Key") {
			w.t.Errorf("%s %s with a bad key: %d %s", r.method, r.pattern, got.status, got.body)
		}
	}
	for _, r := range storefront.New(storefront.Services{}).Routes() {
		if r.Method == http.MethodGet {
			continue
		}
		n++
		if got := w.keyed(r.Method, r.Pattern, "no key", "{}", session); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Idempotency-Key") {
			w.t.Errorf("%s %s with a bad key: %d %s", r.Method, r.Pattern, got.status, got.body)
		}
		if got := w.keyed(r.Method, r.Pattern, "a-key", "{}", ""); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Idempotency-Key") {
			w.t.Errorf("%s %s with a guest's key: %d %s", r.Method, r.Pattern, got.status, got.body)
		}
	}
	if n < 50 {
		w.t.Errorf("only %d routes write", n)
	}
}

// repeats does every documented write with a body, and every deletion.
func (w *matrixWorld) repeats() {
	w.t.Helper()
	twice := func(name, method, path, body string, must bool) {
		w.t.Helper()
		key, session := strings.ReplaceAll(name, " ", "-"), ""
		if strings.HasPrefix(path, "/api/") {
			session = w.session(home, 1, account.Browser, 1)
		}
		first := w.keyed(method, path, key, body, session)
		if first.status >= 300 {
			if must {
				w.t.Errorf("%s: %d %s", name, first.status, first.body)
			}
			return
		}
		again := w.keyed(method, path, key, body, session)
		if again.status != first.status || again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || !slices.Equal(again.header["Set-Cookie"], first.header["Set-Cookie"]) {
			w.t.Errorf("%s: %d %s\n%v, and again %d %s\n%v", name, first.status, first.body, first.header, again.status, again.body, again.header)
		}
		if other := w.keyed(method, path+"?x=1", key, body, session); other.status != http.StatusUnprocessableEntity && other.status != http.StatusBadRequest {
			w.t.Errorf("%s of another path: %d %s", name, other.status, other.body)
		}
	}
	documented := bodies(w.t)
	for _, id := range slices.Sorted(maps.Keys(documented)) {
		row := writes[id]
		if row.reads || row.elsewhere != "" {
			continue // a key has no effect
		}
		m := &membersOf{matrixWorld: w, t: w.t, row: row, op: documented[id]}
		if row.before != "" {
			w.full(home, "POST", "/v3/channels", row.before)
		}
		path := m.filled(row.path)
		if !strings.HasPrefix(path, "/api/") {
			path = "/stores/" + home + path
		}
		twice(id, documented[id].method, path, m.filled(row.body), true)
	}
	for i, r := range w.walk() {
		if r.managed() && r.method == http.MethodDelete && !r.mirrored() {
			twice(fmt.Sprint("deletion ", i), r.method, w.path(r, home, false), "", false)
		}
	}
}
