package graphql_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// aliases selects something many times, each under a name of its own.
func aliases(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d:%s ", i, strings.ReplaceAll(format, "#", fmt.Sprint(i+1)))
	}
	return b.String()
}

// A small request has no huge answer, and none that takes long.
func TestSmallQueriesHaveSmallAnswers(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	furnish(w)
	jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
	for name, q := range map[string]string{
		"schema":         `{ __schema { types { fields { ` + aliases(4500, "name") + ` } } } }`,
		"schemas":        `{ ` + aliases(400, "__schema { types { fields { type { fields { name } } } } }") + ` }`,
		"enum values":    `{ __schema { types { enumValues { ` + aliases(4500, "name") + ` } } } }`,
		"type names":     `{ geography { countries { statesOrProvinces { ` + aliases(4500, "__typename") + ` } } } }`,
		"states":         `{ geography { countries { statesOrProvinces { ` + aliases(4500, "name") + ` } } } }`,
		"countries":      `{ geography { ` + aliases(2000, "countries { code }") + ` } }`,
		"bare countries": `{ geography { ` + aliases(2000, "countries { __typename }") + ` } }`,
		"options":        `{ site { settings { formFields { ` + aliases(1000, "shippingAddress { ... on PicklistFormField { options { label } } }") + ` } } } }`,
		"bare entries":   `{ customer { addresses(first: 2147483647) { __typename } } }`,
		"bare last":      `{ customer { addresses(last: 2147483647) { __typename } } }`,
		"edges":          `{ customer { addresses(first: 3000) { edges { ` + aliases(3000, "__typename") + ` } } } }`,
		"customers":      `mutation { login(email: "jane@example.com", password: "Secret123") { ` + aliases(500, "customer { entityId }") + ` } }`,
	} {
		start := time.Now()
		if a := w.ask(q, nil, jane...); a.Code != 400 || len(a.Text) > 1000 || len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "Please remove some elements and try again") {
			t.Errorf("%s: %d, %d bytes in %s: %.200s", name, a.Code, len(a.Text), time.Since(start), a.Text)
		}
	}
	// What tools and storefronts ask is little.
	for _, q := range []string{introspection,
		`{ geography { countries { entityId code name statesOrProvinces { entityId name abbreviation } } } }`,
		`{ site { settings { formFields { shippingAddress { entityId label ... on PicklistFormField { choosePrefix options { entityId label } } } billingAddress { entityId label ... on PicklistFormField { choosePrefix options { entityId label } } } } } } }`,
		`mutation { login(email: "jane@example.com", password: "Secret123") { customer { entityId firstName lastName email } customerAccessToken { value } } }`,
	} {
		if a := w.ask(q, nil, jane...); a.Code != 200 || len(a.Errors) > 0 {
			t.Errorf("%.300s", a.Text)
		}
	}
}

// Entries of lists repeat the names of their fields, errors and a header those
// of operations.
func TestLongNames(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	long := strings.Repeat("n", 257)
	for _, format := range []string{
		`{ geography { countries { #: code } } }`, `{ # }`, `query # { channel { entityId } }`, `{ ...# } fragment # on Query { channel { entityId } }`,
		`{ ... on # { a } }`, `query($#: Int) { channel { entityId } }`, `{ channel @# { entityId } }`, `{ channel(#: 1) { entityId } }`,
	} {
		if a := w.ask(strings.ReplaceAll(format, "#", long), nil); a.Code != 400 || len(a.Text) > 200 || !strings.Contains(a.Text, "longer than 256 characters") || a.Header.Get("X-Bc-Graphql-Operation-Name") != "" {
			t.Errorf("%s: %d %.300s", format, a.Code, a.Text)
		}
	}
	for _, q := range []string{
		`query ` + long[1:] + ` { ` + long[1:] + `: channel { entityId } }`,
		`{ channel { entityId } } # ` + long,
		`mutation { loginWithCustomerLoginJwt(jwt: "` + long + `") { __typename } }`,
	} {
		if a := w.ask(q, nil); a.Code != 200 {
			t.Errorf("%d %.300s", a.Code, a.Text)
		}
	}
}

// Complexity weighs fields, and neither their names nor what they hold.
func TestAnswersAreBounded(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	furnish(w)
	jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
	if a := w.ask(`mutation($x: String!) { customer { updateCustomer(input: {formFields: {multilineTexts: [{fieldEntityId: 27, multilineText: $x}]}}) { errors { ... on ValidationError { message } } } } }`,
		map[string]any{"x": strings.Repeat("x", 10_000)}, jane...); len(a.Errors) > 0 || strings.Contains(a.Text, "message") {
		t.Fatalf("%.300s", a.Text)
	}
	long := func(n int, format string) string {
		return strings.ReplaceAll(aliases(n, format), ":", strings.Repeat("n", 240)+":")
	}
	for name, q := range map[string]string{
		"schema":            `{ __schema { types { fields { ` + long(240, "name") + ` } } } }`,
		"types":             `{ geography { countries { ` + long(900, "__typename") + ` } } }`,
		"types, short":      `{ geography { countries { ` + aliases(1900, "__typename") + ` } } }`,
		"types below":       `{ geography { countries { statesOrProvinces { ` + long(900, "__typename") + ` } } } }`,
		"types of fragment": `{ geography { countries { ...F } } } fragment F on Country { ... on Country { ` + long(900, "__typename") + ` } }`,
		"countries":         `{ geography { countries { ` + long(190, "name") + ` } } }`,
		"text":              `{ customer { formFields { ... on MultilineTextFormFieldValue { ` + aliases(4000, "multilineText") + ` } } } }`,
	} {
		a := w.ask(q, nil, jane...)
		if len(a.Text) > 200 || len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "Please remove some elements and try again") || strings.Contains(a.Text, `"path"`) {
			t.Errorf("%s: %d, %d bytes: %.400s", name, a.Code, len(a.Text), a.Text)
		}
	}
	for _, q := range []string{introspection,
		`{ geography { __typename countries { __typename name statesOrProvinces { __typename name } } } }`,
		`{ customer { __typename formFields { __typename name } addresses { __typename edges { __typename node { __typename city } } } } }`,
	} {
		if a := w.ask(q, nil, jane...); a.Code != 200 || len(a.Errors) > 0 {
			t.Errorf("%d %.300s", a.Code, a.Text)
		}
	}
}

// However a query is put together, it takes a bounded number of statements.
func TestStatementsAreBounded(t *testing.T) {
	var mu sync.Mutex
	seen := 0
	db := dbtest.OpenWatched(t, sqldb.SQLite, func(*sqldb.Stmt) { mu.Lock(); seen++; mu.Unlock() })
	w := newWorld(t, db)
	furnish(w)
	jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
	for name, q := range map[string]string{
		"windows":    `{ customer { ` + aliases(120, "addresses(first: #) { edges { cursor } }") + ` } }`,
		"namespaces": `{ customer { ` + aliases(400, `metafields(namespace: "n#", first: 1) { edges { cursor } }`) + ` } }`,
		"privacy":    `{ site { ` + aliases(400, "settings { privacy { privacyPolicyUrl } }") + ` } }`,
		"the same":   `{ ` + aliases(300, "customer { addresses { pageInfo { endCursor } } }") + ` }`,
		"forms":      `{ site { settings { ` + aliases(400, "formFields { customer { entityId } }") + ` } } }`,
	} {
		mu.Lock()
		seen = 0
		mu.Unlock()
		a := w.ask(q, nil, jane...)
		if seen > 130 {
			t.Errorf("%s: %d statements for complexity %s: %d %.200s", name, seen, a.Header.Get("X-Bc-Graphql-Complexity"), a.Code, a.Text)
		}
	}
}
