package graphql_test

import (
	"net/http"
	"strings"
	"testing"
)

// A mutation with a key is executed once. Queries take no notice of keys, and refusals are not kept.
func TestIdempotentMutations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		create := `mutation { customer { registerCustomer(input: {firstName: "K", lastName: "L", email: "keyed@example.com", password: "seven-Lamps-7"}) { customer { entityId } errors { __typename } } } }`
		create2 := strings.Replace(create, "keyed@", "page@", 1)
		first := w.ask(create, nil, "Idempotency-Key", "k1")
		again := w.ask(create, nil, "Idempotency-Key", "k1")
		if first.Code != http.StatusOK || again.Text != first.Text || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%d %s, and again %d %v %s", first.Code, first.Text, again.Code, again.Header, again.Text)
		}
		if a := w.ask(create, nil, "Idempotency-Key", "k2"); a.Header.Get("Idempotent-Replayed") != "" || a.Text == first.Text {
			t.Error("another key:", a.Code, a.Text)
		}
		other := `mutation { logout { result } }`
		if a := w.ask(other, nil, "Idempotency-Key", "k1"); a.Code != http.StatusUnprocessableEntity {
			t.Error("another mutation:", a.Code, a.Text)
		}
		// It was refused before, so the key is free.
		if a := w.ask(other, nil, "Idempotency-Key", "k2"); a.Code != http.StatusOK || a.Header.Get("Idempotent-Replayed") != "" {
			t.Error("a free key:", a.Code, a.Text)
		}
		if a := w.ask(other, nil, "Idempotency-Key", "not visible"); a.Code != http.StatusBadRequest {
			t.Error("no key:", a.Code, a.Text)
		}
		if a := w.ask(`{ site { settings { storeName } } }`, nil, "Idempotency-Key", "k1"); a.Code != http.StatusOK || a.Header.Get("Idempotent-Replayed") != "" {
			t.Error("a query:", a.Code, a.Text)
		}
		// A page elsewhere may read that it is a repeat.
		page := []string{"Authorization", "Bearer " + w.page, "Origin", "https://app.example"}
		for i := range 2 {
			a := w.ask(create2, nil, append(page, "Idempotency-Key", "k3")...)
			if shown := a.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(shown, "Idempotent-Replayed") || (a.Header.Get("Idempotent-Replayed") != "") != (i == 1) {
				t.Error("a page:", a.Code, a.Text, shown)
			}
		}
		if a := w.ask(create2, nil, page...); strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "Idempotent") {
			t.Error("without a key:", a.Header)
		}
	})
}
