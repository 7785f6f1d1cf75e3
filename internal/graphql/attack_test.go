package graphql_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/visit"
)

// What is wrong with a value is said, and nothing of it happens.
func TestBadValues(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		const number = `mutation($n: Float!) { customer { updateCustomer(input: {firstName: "Changed", formFields: {numbers: [{fieldEntityId: 28, number: $n}]}}) { customer { firstName } ` + errorParts + ` } } }`
		for _, v := range []string{"NaN", "Inf", "-Infinity"} {
			w.refused(w.ask(number, map[string]any{"n": v}, jane...), 400, fmt.Sprintf(`Variable "$n" got invalid value %[1]q; Float cannot represent non numeric value: %[1]q`, v))
		}
		for _, c := range []struct {
			query string
			value any
			want  string
		}{
			{`mutation($x: Int!) { customer { deleteCustomerAddress(input: {addressEntityId: $x}) { errors { __typename } } } }`, 1 << 31, `Variable "$x" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648`},
			{`mutation($x: Int!) { customer { deleteCustomerAddress(input: {addressEntityId: $x}) { errors { __typename } } } }`, "1", `Variable "$x" got invalid value "1"; Int cannot represent non-integer value: "1"`},
			{`mutation($x: DateTime!) { customer { updateCustomer(input: {formFields: {dates: [{fieldEntityId: 29, date: $x}]}}) { errors { __typename } } } }`, "2020-02-30", "DateTime must be an ISO 8601 time such as 2024-05-14T09:34:00Z"},
			{`query($x: FormFieldSortInput) { site { settings { formFields { customer(sortBy: $x) { entityId } } } } }`, "sort_order", `Variable "$x" got invalid value "sort_order"; Value "sort_order" does not exist in "FormFieldSortInput" enum. Did you mean the enum value "SORT_ORDER"?`},
		} {
			if a := w.ask(c.query, map[string]any{"x": c.value}, jane...); len(a.Errors) != 1 || a.Errors[0].Message != c.want {
				t.Errorf("%s\nwant %s", a.Text, c.want)
			}
		}
		w.refused(w.ask(`query($x: String!) { customer { metafields(namespace: $x) { edges { cursor } } } }`, map[string]any{"x": "a\x00"}, jane...), 200, "The arguments namespace and keys must not contain NUL")
		w.refused(w.ask(`query($x: String!) { customer { metafields(namespace: "n", keys: [$x]) { edges { cursor } } } }`, map[string]any{"x": "a\x00"}, jane...), 200, "The arguments namespace and keys must not contain NUL")
		w.refused(w.send("POST", shop+"/graphql", "{ customer { metafields(namespace: \"\xff\") { edges { cursor } } } }", append(jane, "Content-Type", "application/graphql")...), 400, "The request is not in UTF-8.")
		w.refused(w.send("POST", shop+"/graphql", "{\"query\":\"query($x: String!) { node(id: $x) { id } }\",\"variables\":{\"x\":\"\xff\"}}"), 400, "The request is not in UTF-8.")
		w.refused(w.send("GET", shop+"/graphql?query=%7Bnode(id:%22%ff%22)%7Bid%7D%7D", ""), 400, "The request is not in UTF-8.")
		if log := w.Log.String(); strings.Contains(log, "level=ERROR") {
			t.Error("what clients did wrong is logged as an error of ours:", log)
		}
		if a := w.ask(`{ customer { firstName } }`, nil, jane...); dig(a.Data, "customer.firstName") != "Jane" {
			t.Error(a.Text)
		}
	})
}

// Somebody who asks for many addresses cannot find out who is subscribed.
func TestSubscribersAreNotFoundByTrying(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	furnish(w)
	for i := range 200 {
		a := w.ask(`mutation { newsletter { subscribe(input: {email: "jane@example.com"}) { errors { __typename } } } }`, nil, visit.ClientIP, "198.51.100.9")
		if len(a.Errors) == 1 && a.Errors[0].Message == "Too many requests" {
			return
		}
		if i == 0 && dig(a.Data, "newsletter.subscribe.errors.0.__typename") != "CreateSubscriberAlreadyExistsError" {
			t.Fatal(a.Text)
		}
	}
	t.Error("asking never ends")
}

// Who may act for any customer of a channel may not for those of others, and
// may do all for those whom he sees.
func TestImpersonationKeepsToTheChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ok(w.db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE customers SET channel_ids = '2' WHERE store_id = $1 AND id = 2`))
		}))
		both, err := w.Tokens.Create(t.Context(), 1, auth.NewToken{Kind: auth.ImpersonationToken, ClientID: w.app.ClientID, ChannelIDs: opt.Some([]int64{1, 2})})
		w.ok(err)
		for _, c := range []struct {
			host, id, want string
			update         string
		}{
			{shop, "1", `{"data":{"customer":{"entityId":1}}}`, ""},
			{shop, "2", `{"data":{"customer":null}}`, "CustomerNotLoggedInError"},
			{"https://two.example", "1", `{"data":{"customer":{"entityId":1}}}`, ""},
			{"https://two.example", "2", `{"data":{"customer":{"entityId":2}}}`, ""},
			{"https://two.example", "99", `{"data":{"customer":null}}`, "CustomerDoesNotExistError"},
		} {
			as := []string{"Authorization", "Bearer " + both, "X-Bc-Customer-Id", c.id}
			w.want(w.send(http.MethodPost, c.host+"/graphql", `{"query":"{ customer { entityId } }"}`, as...), 200, c.want)
			a := w.send(http.MethodPost, c.host+"/graphql", `{"query":"mutation { customer { updateCustomer(input: {company: \"X\"}) { errors { __typename } } } }"}`, as...)
			if got, _ := dig(a.Data, "customer.updateCustomer.errors.0.__typename").(string); got != c.update {
				t.Errorf("%s %s: %s", c.host, c.id, a.Text)
			}
		}
	})
}

// Of many at once exactly as many succeed as may.
func TestMutationsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		const n = 8
		all := func(query string) (out []*answer) {
			out = make([]*answer, n)
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() { out[i] = w.ask(strings.ReplaceAll(query, "#", fmt.Sprint(i)), nil, jane...) })
			}
			wg.Wait()
			return out
		}
		count := func(answers []*answer, at string) (ok int) {
			for _, a := range answers {
				if a.Code != 200 || len(a.Errors) > 0 {
					t.Error(a.Text)
				}
				if list, _ := dig(a.Data, at).([]any); len(list) == 0 {
					ok++
				}
			}
			return ok
		}
		if got := count(all(`mutation { customer { registerCustomer(input: {firstName: "A", lastName: "B", email: "race@example.com", password: "Secret123"}) { customer { entityId } errors { __typename } } } }`), "customer.registerCustomer.errors"); got != 1 {
			t.Errorf("%d registered", got)
		}
		if got := count(all(`mutation { customer { updateCustomer(input: {company: "C#", phone: "#"}) { customer { company } errors { __typename } } } }`), "customer.updateCustomer.errors"); got != n {
			t.Errorf("%d updated", got)
		}
		if got := count(all(`mutation { customer { addCustomerAddress(input: {firstName: "A", lastName: "B", address1: "# St", city: "Austin", countryCode: "US", stateOrProvince: "TX", postalCode: "78701"}) { address { entityId } errors { __typename } } } }`), "customer.addCustomerAddress.errors"); got != n {
			t.Errorf("%d added", got)
		}
		if got := count(all(`mutation { customer { deleteCustomerAddress(input: {addressEntityId: 1}) { errors { __typename } } } }`), "customer.deleteCustomerAddress.errors"); got != 1 {
			t.Errorf("%d deleted", got)
		}
		if got := count(all(`mutation { newsletter { subscribe(input: {email: "race@example.com"}) { errors { __typename } } } }`), "newsletter.subscribe.errors"); got < 1 {
			t.Errorf("%d subscribed", got)
		}
		a := w.ask(`{ customer { company phone addresses { collectionInfo { totalItems } } } }`, nil, jane...)
		if dig(a.Data, "customer.addresses.collectionInfo.totalItems") != float64(n-1) || dig(a.Data, "customer.company") != "C"+fmt.Sprint(dig(a.Data, "customer.phone")) {
			t.Error(a.Text)
		}
	})
}

// What a store requires is asked for when something is made, and not taken
// away later. All that is wrong is said at once, and the wish for offers is a
// field of the form like others.
func TestRequiredFields(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		for _, id := range []int64{6, 7, 9, 26, 34} {
			_, err := w.Forms.Update(t.Context(), 1, required(id))
			w.ok(err)
		}
		note := map[string]any{"fieldEntityId": 26, "text": "x"}
		address := map[string]any{"firstName": "A", "lastName": "B", "address1": "1 St", "city": "Austin", "countryCode": "US", "stateOrProvince": "TX", "postalCode": "78701"}
		register := func(in map[string]any) *answer {
			all := map[string]any{"firstName": "Ann", "lastName": "Lee", "email": "ann@example.com", "password": rightPassword}
			for k, v := range in {
				all[k] = v
			}
			return w.ask(`mutation($in: RegisterCustomerInput!) { customer { registerCustomer(input: $in) { customer { isSubscribedToNewsletter } `+errorParts+` } } }`, map[string]any{"in": all})
		}
		const at = "customer.registerCustomer."
		if got := w.errorPaths(register(map[string]any{"email": "nonsense", "firstName": ""}), at+"errors"); got != "input.email input.firstName input.company input.phone input.formFields.26" {
			t.Error(got)
		}
		if got := w.errorPaths(register(map[string]any{"address": address}), at+"errors"); got != "input.formFields.26 input.address.company input.address.phone input.address.address2 input.address.formFields.34" {
			t.Error(got)
		}
		fields := map[string]any{"texts": []any{note}, "checkboxes": []any{map[string]any{"fieldEntityId": 25, "fieldValueEntityIds": []int{}}}}
		if a := register(map[string]any{"company": "C", "phone": "1", "formFields": fields}); dig(a.Data, at+"customer.isSubscribedToNewsletter") != false {
			t.Error(a.Text)
		}
		fields["checkboxes"] = []any{map[string]any{"fieldEntityId": 25, "fieldValueEntityIds": []int{1}}}
		if a := register(map[string]any{"email": "bea@example.com", "company": "C", "phone": "1", "formFields": fields}); dig(a.Data, at+"customer.isSubscribedToNewsletter") != true {
			t.Error(a.Text)
		}
		as := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
		for query, want := range map[string]string{
			`updateCustomer(input: {company: " ", phone: "1"})`:                                                                                    "input.company input.formFields.26",
			`updateCustomer(input: {firstName: "J"})`:                                                                                              "input.formFields.26",
			`updateCustomerAddress(input: {addressEntityId: 1, data: {city: "Waco"}})`:                                                             "",
			`updateCustomerAddress(input: {addressEntityId: 1, data: {company: "", phone: "", address2: "", city: "Wa"}})`:                         "input.data.company input.data.phone input.data.address2",
			`addCustomerAddress(input: {firstName: "A", lastName: "B", address1: "1", city: "C", countryCode: "GB", postalCode: "1", phone: "1"})`: "input.company input.address2 input.formFields.34",
		} {
			name, _, _ := strings.Cut(query, "(")
			if got := w.errorPaths(w.ask(`mutation { customer { `+query+` { `+errorParts+` } } }`, nil, as...), "customer."+name+".errors"); got != want {
				t.Errorf("%s: %s", query, got)
			}
		}
	})
}

// A client that goes away is no failure of ours.
func TestHungUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.signIn("jane@example.com")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, shop+"/graphql", strings.NewReader(`{"query":"{ customer { entityId } }"}`))
		r.Header.Set("Authorization", "Bearer "+w.private)
		r.Header.Set("X-Bc-Customer-Access-Token", token)
		w.Clock.Advance(10 * time.Second) // what was remembered is asked again
		w.Handler.ServeHTTP(httptest.NewRecorder(), r)
		if log := w.Log.String(); strings.Contains(log, "level=ERROR") {
			t.Error(log)
		}
	})
}
